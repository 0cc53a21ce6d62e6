import { expect } from "chai";
import { released, unreleased } from "../../.ci/changelog.ts";

const CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- This.\n\n## [0.1.0] - 2026-01-01\n\n- That.\n";

describe("the changelog of a release", () => {
  it("has what stands under Unreleased", () => {
    expect(unreleased(CHANGELOG)).to.equal("### Added\n\n- This.");
  });

  it("has it also where there is no release yet", () => {
    expect(unreleased("## [Unreleased]\n\n- First.\n")).to.equal("- First.");
  });

  it("is dated, below an empty heading for the next", () => {
    expect(released(CHANGELOG, "0.2.0", "2026-02-03")).to.include(
      "## [Unreleased]\n\n## [0.2.0] - 2026-02-03\n\n### Added\n",
    );
  });

  it("is refused where nothing has changed", () => {
    expect(() => released(CHANGELOG.replace("- This.", ""), "0.2.0", "")).to.throw("got nothing");
  });

  it("is refused for a version that was released before", () => {
    expect(() => released(CHANGELOG, "0.1.0", "")).to.throw("expected no entry of 0.1.0 yet");
  });
});
