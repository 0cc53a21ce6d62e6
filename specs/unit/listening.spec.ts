import { expect } from "chai";
import { listening } from "../../src/engine/container/listening.ts";

const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const socket = (local: string, remote: string, state: string) =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 1 1 0000000000000000 100 0 0 10 0\n`;

describe("what a container listens on", () => {
  for (const [local, address] of [
    ["0100007F:1F40", "127.0.0.1:8000"],
    ["00000000:0CEA", "0.0.0.0:3306"],
    ["00000000000000000000000000000000:1F90", "[::]:8080"],
    ["00000000000000000000000001000000:1F90", "[::1]:8080"],
    ["B80D0120000000000000000001000000:0050", "[2001:db8::1]:80"],
  ] as const)
    it(`is ${address} where the kernel says ${local}`, () => {
      const remote = local.replace(/:.*/, ":0000").replaceAll(/[1-9A-F](?=.*:)/g, "0");
      expect(listening(HEAD + socket(local, remote, "0A"))).to.deep.equal([address]);
    });

  it("is not what it has connected to", () => {
    expect(listening(HEAD + socket("0100007F:1F40", "0100007F:A000", "01"))).to.deep.equal([]);
  });

  it("is not the engine's own server of names", () => {
    expect(listening(HEAD + socket("0B00007F:9C41", "00000000:0000", "0A"))).to.deep.equal([]);
  });
});
