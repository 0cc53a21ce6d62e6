/** What the next release has changed, under the heading of https://keepachangelog.com. @throws Error where that says nothing */
export function unreleased(changelog: string): string {
  const [, entry = ""] = /^## \[Unreleased\]\n(.*?)(?=^## \[|$(?![^]))/ms.exec(changelog) ?? [];
  if (!/^- /m.test(entry)) throw new Error("CHANGELOG.md: expected what has changed under [Unreleased], got nothing");
  return entry.trim();
}

/** The same changelog when it is released. */
export function released(changelog: string, version: string, date: string): string {
  if (changelog.includes(`## [${version}]`))
    throw new Error(`CHANGELOG.md: expected no entry of ${version} yet: another version in package.json?`);
  unreleased(changelog);
  return changelog.replace("## [Unreleased]\n", `## [Unreleased]\n\n## [${version}] - ${date}\n`);
}
