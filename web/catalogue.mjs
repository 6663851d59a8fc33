import { build } from "esbuild";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const web = dirname(fileURLToPath(import.meta.url));

/**
 * The catalogue of faults is generated into web/faults. The pages need a part
 * of it only: what the SDK they run on can say. A build without it explains
 * less, and asks the server.
 */
export const faults = {
  name: "faults",
  setup(b) {
    b.onResolve({ filter: /^redial:faults$/ }, () => ({ path: "catalogue", namespace: "faults" }));
    b.onLoad({ filter: /.*/, namespace: "faults" }, async () => ({ contents: JSON.stringify(await spokenFaults()), loader: "json" }));
  },
};

async function spokenFaults() {
  const path = ["faults.json", "index.ts", "faults.ts"].map((f) => join(web, "faults", f)).find(existsSync);
  if (!path) return [];
  const whole = path.endsWith(".json") ? JSON.parse(await readFile(path, "utf8")) : await evaluate(path);
  const said = (w) => w.dialect === "hms" || w.dialect === "web";
  return whole.faults.map(({ id, title, what, why, do: fix, user, retry, words }) => ({
    ...{ id, title, what, why, do: fix, user, retry },
    words: words.filter(said).map(({ operations, code, name, source, understood_only }) => ({ operations, code, name, source, understood_only })),
  }));
}

async function evaluate(path) {
  const { outputFiles } = await build({ entryPoints: [path], bundle: true, format: "esm", write: false });
  return import("data:text/javascript;base64," + Buffer.from(outputFiles[0].contents).toString("base64"));
}
