import { hydrate } from "preact";
import { html } from "htm/preact";
import { App } from "./app.ts";
import type { PageData } from "./model.ts";

/** Wakes the page that was rendered into the file: its data stand beside it. */
const data = JSON.parse(document.getElementById("data")!.textContent) as PageData;
hydrate(html`<${App} data=${data} />`, document.getElementById("app")!);
