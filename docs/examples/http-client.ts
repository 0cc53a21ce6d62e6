// httpClient, HttpClient, Request, Response
import { expect } from "chai";
import { httpClient } from "stackspec";
import type { Response } from "stackspec";

const api = httpClient("https://shop.example/api");

it("creates an order", async () => {
  const created: Response = await api.post("/orders", { item: 7 }).set("Authorization", "Bearer of-mine").timeout(500);
  expect(created.status).to.equal(201);
  await expect(api.get(created.headers["location"] as string)).to.eventually.have.nested.property("body.item", 7);
});
