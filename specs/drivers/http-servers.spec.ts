import { expect } from "chai";
import { defineStack, imageFrom, listens, useStack } from "stackspec";
import { GenericContainer } from "testcontainers";

const image = imageFrom("http-servers", "specs/drivers/fixtures/http-servers", { network: true });
const http = { port: 8000 };
const ready = listens(8000);
const servers = defineStack("http-servers", ({ service }) => {
  const server = (name: string, ...command: string[]) =>
    service(name, (context) => new GenericContainer(context.image).withCommand(command), { image, http, ready });
  return {
    uwsgi: server("uwsgi", "uwsgi", "--plugin", "python3", "--http-socket", ":8000", "--master", "--module", "app"),
    gunicorn: server("gunicorn", "gunicorn", "--bind", "0.0.0.0:8000", "--threads", "4", "app:app"),
    nginx: server("nginx", "nginx", "-c", "/app/nginx.conf"),
  };
});

describe("a web server", function () {
  this.timeout(60_000);
  const stack = useStack(servers);

  for (const name of ["uwsgi", "nginx"] as const)
    it(`that closes connections without saying so answers each request all the same: ${name}`, async () => {
      for (let count = 0; count < 100; count += 1)
        await expect(stack[name].http.get("/")).to.eventually.have.property("text", "hi");
    });

  it("that resets a connection fails the request", async () => {
    await expect(stack.nginx.http.get("/reset")).to.be.rejectedWith(/ECONNRESET|socket hang up/);
  });

  it("that answers half fails the request", async () => {
    await expect(stack.gunicorn.http.get("/half")).to.be.rejectedWith(/aborted|ECONNRESET/);
  });

  it("that is slow fails the request, by its address", async () => {
    const { url } = stack.gunicorn.http;
    await expect(stack.gunicorn.http.get("/slow").timeout(200)).to.be.rejectedWith(
      `GET ${url}/slow: no answer within 200 ms`,
    );
  });
});
