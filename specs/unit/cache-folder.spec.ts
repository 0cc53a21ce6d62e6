import { userInfo } from "node:os";
import { expect } from "chai";
import { cacheFolder } from "../../src/engine/docker/cache-folder.ts";

describe("the folder for what is kept of this user", () => {
  const { HOME } = process.env;
  afterEach("HOME is as it was", () => {
    if (HOME === undefined) delete process.env["HOME"];
    else process.env["HOME"] = HOME;
  });

  it("is below HOME", () => {
    process.env["HOME"] = "/srv/somebody";
    expect(cacheFolder()).to.equal("/srv/somebody/.cache/stackspec");
  });

  for (const home of ["", "relative"])
    it(`is not in the working directory when HOME is "${home}"`, () => {
      process.env["HOME"] = home;
      expect(cacheFolder()).to.equal(`${userInfo().homedir}/.cache/stackspec`);
    });
});
