import { html } from "hono/html";

/** What a browser sees at `/`. */
export const page = (base: string) =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>todobackend</title>
        <link rel="icon" href="${base}/static/logo.svg" />
        <link rel="stylesheet" href="${base}/static/todobackend.css" />
      </head>
      <body>
        <h1><img src="${base}/static/logo.svg" alt="" width="48" height="48" /> todobackend</h1>
        <p>A to-do list over HTTP and JSON. It is kept at <a href="${base}/todos">${base}/todos</a>.</p>
        <p><a href="${base}/client/">Open it</a></p>
      </body>
    </html> `;
