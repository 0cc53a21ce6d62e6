import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";

const source = (path: string): string => JSON.stringify(join(import.meta.dirname, "../../src", path));

it("the Docker config's credentials for a registry are hidden from the moment on at which they are read", async function () {
  this.timeout(60_000);
  const auth = Buffer.from("me:kwyj7-of-a-registry").toString("base64");
  const program = `
    const { credentialsFor } = await import(${source("images/credentials.ts")});
    const { mask } = await import(${source("secrets.ts")});
    const { username, password } = await credentialsFor("registry.example");
    console.log(username, password === "kwyj7-of-a-registry", mask("no login with " + password));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["-C", "development", "--input-type=module", "-e", program],
    {
      env: { ...process.env, DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { "registry.example": { auth } } }) },
    },
  );
  expect(stdout).to.equal("me true no login with ***\n");
});
