import { expect } from "chai";
import { useTarget } from "stackspec";
import { createTodo } from "./todobackend.ts";

describe("methods", () => {
  const api = useTarget();
  let url: string;

  beforeEach("create a todo", async () => {
    ({ url } = await createTodo(api));
  });

  for (const method of ["put", "patch"] as const) {
    it(`${method.toUpperCase()} of the list answers 405`, async () => {
      await expect(api[method]("/todos", {})).to.eventually.have.property("status", 405);
    });

    it(`${method.toUpperCase()} of the list answers with the methods that the list has`, async () => {
      const { headers } = await api[method]("/todos", {});
      expect(names(headers["allow"]))
        .to.include.members(["GET", "POST", "DELETE"])
        .and.not.include(method.toUpperCase());
    });
  }

  it("POST to a todo answers 405", async () => {
    await expect(api.post(url, {})).to.eventually.have.property("status", 405);
  });

  it("POST to a todo answers with the methods that a todo has", async () => {
    const { headers } = await api.post(url, {});
    expect(names(headers["allow"])).to.include.members(["GET", "PUT", "PATCH", "DELETE"]).and.not.include("POST");
  });
});

/** `"GET, POST"` -> `["GET", "POST"]` */
function names(header = ""): string[] {
  return header.split(",").map((name) => name.trim().toUpperCase());
}
