import { expect } from "chai";
import { type Request, useTarget } from "stackspec";
import { createTodo, unknownTodo } from "./todobackend.ts";

describe("cross-origin requests", () => {
  const api = useTarget();
  let url: string;

  beforeEach("create a todo", async () => {
    ({ url } = await createTodo(api));
  });

  const answers: [status: number, to: string, request: () => Request][] = [
    [200, "the list", () => api.get("/todos")],
    [200, "a todo", () => api.get(url)],
    [200, "an update", () => api.patch(url, { completed: true })],
    [200, "the style sheet", () => api.get("/static/todobackend.css")],
    [201, "a new todo", () => api.post("/todos", { title: "walk the dog" })],
    [204, "deleting all todos", () => api.delete("/todos")],
    [400, "malformed JSON", () => api.post("/todos").type("application/json").send("{")],
    [400, "a field that is not valid", () => api.post("/todos", { completed: "yes" })],
    [404, "an unknown todo", () => api.get(unknownTodo)],
    [404, "an unknown page", () => api.get("/no-such-page")],
    [405, "a method that the list does not have", () => api.patch("/todos", {})],
    [413, "a body of 200 kB", () => api.post("/todos", { title: "x".repeat(200_000) })],
    [415, "a body that is not JSON", () => api.post("/todos").type("text/plain").send("walk the dog")],
  ];

  for (const [status, to, request] of answers)
    it(`may read the ${status} that answers ${to}`, async () => {
      const response = await request().set("Origin", "https://todos.example");
      expect(response.status).to.equal(status);
      expect(response.headers).to.have.property("access-control-allow-origin", "*");
    });

  // What a browser asks before it sends anything else than a plain GET or POST from a page of another origin.
  for (const [name, path] of [
    ["the list", () => "/todos"],
    ["a todo", () => url],
  ] as const)
    describe(`a preflight for ${name}`, () => {
      const preflight = () =>
        api
          .options(path())
          .set("Origin", "https://todos.example")
          .set("Access-Control-Request-Method", "PATCH")
          .set("Access-Control-Request-Headers", "content-type");

      it("succeeds", async () => {
        const response = await preflight();
        expect(response.status).to.be.within(200, 299);
      });

      it("allows every origin", async () => {
        const response = await preflight();
        expect(response.headers).to.have.property("access-control-allow-origin", "*");
      });

      it("allows GET, POST, PUT, PATCH and DELETE", async () => {
        const response = await preflight();
        const allowed = names(response.headers["access-control-allow-methods"]);
        expect(allowed).to.include.members(["get", "post", "put", "patch", "delete"]);
      });

      it("allows a content type", async () => {
        const response = await preflight();
        expect(names(response.headers["access-control-allow-headers"])).to.include("content-type");
      });
    });
});

/** `"GET, POST"` -> `["get", "post"]` */
function names(header = ""): string[] {
  return header.split(",").map((name) => name.trim().toLowerCase());
}
