import { build } from "esbuild";
import { existsSync } from "node:fs";
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
  const path = join(web, "faults", "data.ts");
  if (!existsSync(path)) return [];
  const { faultData, vocabularyData } = await evaluate(path);
  const words = new Map(faultData.map((f) => [f.id, []]));
  for (const vocabulary of vocabularyData) {
    if (vocabulary.name !== "hms" && vocabulary.name !== "web") continue;
    for (const [id, operation, , code, name, source, , spoken] of vocabulary.words) {
      words.get(id).push({ operations: operation ? [operation] : [], code, name, source, understood_only: !spoken });
    }
  }
  return faultData.map(({ id, title, what, why, do: fix, user, retry, isTerminal }) => ({ id, title, what, why, do: fix, user, retry, is_terminal: isTerminal, words: words.get(id) }));
}

async function evaluate(path) {
  const { outputFiles } = await build({ entryPoints: [path], bundle: true, format: "esm", write: false });
  return import("data:text/javascript;base64," + Buffer.from(outputFiles[0].contents).toString("base64"));
}
