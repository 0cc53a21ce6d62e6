// A plugin of typedoc: gives each exported name the example in docs/examples/ whose first line names it.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CommentTag, Converter, Comment } from "typedoc";

const FOLDER = join(import.meta.dirname, "../../docs/examples");

/** @param {import("typedoc").Application} app */
export function load(app) {
  const examples = new Map();
  for (const file of readdirSync(FOLDER)) {
    const [first, ...rest] = readFileSync(join(FOLDER, file), "utf8").split("\n");
    for (const name of first.replace("// ", "").split(", ")) examples.set(name, rest.join("\n").trim());
  }
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const each of project.children ?? []) {
      // As it is imported.
      each.name = each.name === "index" ? "stackspec" : `stackspec/${each.name.split("/").at(-1)}`;
      for (const exported of each.children ?? []) {
        const example = examples.get(exported.name);
        if (example === undefined) continue;
        const content = [{ kind: "code", text: `\`\`\`ts\n${example}\n\`\`\`` }];
        for (const told of exported.signatures ?? [exported])
          (told.comment ??= new Comment()).blockTags.push(new CommentTag("@example", content));
      }
    }
  });
}
