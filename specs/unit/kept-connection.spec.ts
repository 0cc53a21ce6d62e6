import { createServer } from "node:net";
import type { Socket } from "node:net";
import { expect } from "chai";
import { httpClient } from "stackspec";
import { exchangeRecord, exchangesText, recordExchanges } from "../../src/http/exchange.ts";
import { listen } from "./server.ts";
import type { Listening } from "./server.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/** What a server does with a request: the how-manieth it is of its connection, from 1. */
type Answer = (socket: Socket, number: number) => void;

/** Closes a connection when it has answered, and does not say so in the answer: uWSGI's HTTP socket does that. */
const closes: Answer = (socket) => {
  socket.write(ANSWER);
  socket.destroySoon();
};
/** The same, but the client's next request is on its way already. */
const closesLate: Answer = (socket, number) => (number === 1 ? socket.write(ANSWER) : socket.destroy());

describe("a connection that is kept open", () => {
  let record = exchangeRecord();
  before("record", () => recordExchanges(() => record));
  let server: Listening;
  let answer: Answer;
  /** The first line of each request that the server has read. */
  let read: string[];
  const open = new Set<Socket>();
  const api = () => httpClient(`http://127.0.0.1:${server.port}`);

  beforeEach("serve", async () => {
    read = [];
    record = exchangeRecord();
    server = await listen(
      createServer((socket) => {
        let number = 0;
        open.add(socket);
        socket.setEncoding("latin1").on("error", () => {});
        socket.on("data", (chunk: string) => {
          if (!/^[A-Z]+ \//.test(chunk)) return;
          read.push(chunk.split(" HTTP/")[0]!);
          number += 1;
          answer(socket, number);
        });
      }),
    );
  });
  afterEach("stop", () => {
    for (const socket of open) socket.destroy();
    return server.close();
  });

  it("may be closed by the server whenever it likes: the request is sent on a new one", async () => {
    answer = closes;
    for (const path of ["/1", "/2", "/3", "/4", "/5"])
      expect(await api().get(path)).to.have.property("status", 200, path);
  });

  it("so closed, has the server read no request twice", async () => {
    answer = closes;
    for (const path of ["/1", "/2", "/3"]) await api().post(path, { title: "walk the dog" });
    expect(read).to.deep.equal(["POST /1", "POST /2", "POST /3"]);
  });

  it("is not the last one that is tried when there are many", async () => {
    answer = closesLate;
    await Promise.all([api().get("/1"), api().get("/2"), api().get("/3")]);
    await expect(api().get("/4")).to.eventually.have.property("status", 200);
  });

  it("shows in the record that a request was sent once more", async () => {
    answer = closesLate;
    await api().get("/1");
    await api().get("/2");
    expect(exchangesText(record.list()))
      .to.match(/→ GET \S+\/1\n/)
      .and.match(/→ GET \S+\/2 \(once more: the connection that was kept open had been closed\)\n← 200/);
  });

  it("that breaks in the middle of an answer fails the request", async () => {
    answer = (socket, number) => (number === 1 ? socket.write(ANSWER) : socket.end(ANSWER.slice(0, -1)));
    await api().get("/1");
    await expect(api().get("/2")).to.be.rejectedWith("aborted");
    expect(read).to.deep.equal(["GET /1", "GET /2"]);
  });

  it("that breaks in the first line of an answer fails the request", async () => {
    answer = (socket, number) => (number === 1 ? socket.write(ANSWER) : socket.end("HTTP/1.1 2"));
    await api().get("/1");
    await expect(api().get("/2")).to.be.rejectedWith("socket hang up");
    expect(read).to.deep.equal(["GET /1", "GET /2"]);
  });

  it("does not hide that the server takes requests and never answers", async () => {
    answer = (socket, number) => (number === 1 && read.length === 1 ? socket.write(ANSWER) : socket.destroy());
    await api().get("/1");
    await expect(api().get("/2")).to.be.rejectedWith("socket hang up");
    expect(read).to.deep.equal(["GET /1", "GET /2", "GET /2"]);
  });

  it("that is new is not tried again", async () => {
    answer = (socket) => socket.destroy();
    await expect(api().get("/1")).to.be.rejectedWith("socket hang up");
    expect(read).to.deep.equal(["GET /1"]);
  });

  it("is not tried again with a form, which can be sent once only", async () => {
    answer = closesLate;
    await api().get("/1");
    await expect(api().post("/2").attach("list", Buffer.from("walk the dog"), "todos.txt")).to.be.rejectedWith(Error);
    expect(read).to.deep.equal(["GET /1", "POST /2"]);
  });

  it("is not ours to try again when a spec says how often it wants to", async () => {
    answer = closesLate;
    await api().get("/1");
    await expect(api().get("/2").retry(0)).to.be.rejectedWith("socket hang up");
  });

  it("on which nothing comes within the time of the request fails it", async () => {
    answer = (socket, number) => void (number === 1 && socket.write(ANSWER));
    await api().get("/1");
    await expect(api().get("/2").timeout(50)).to.be.rejectedWith("no answer within 50 ms");
    expect(read).to.deep.equal(["GET /1", "GET /2"]);
  });
});
