// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// A plugin for esbuild: the catalogue of faults without its prose and without the
// vocabularies that a library does not speak, as apps download it with the library.
import { build } from "esbuild";
import { join } from "node:path";

/** Keeps the vocabularies named, and of each fault what a program needs. */
export function shortCatalogue(web, dialects) {
  return {
    name: "short-catalogue",
    setup(b) {
      b.onLoad({ filter: /[/\\]faults[/\\]data\.ts$/ }, async () => {
        const { outputFiles } = await build({ entryPoints: [join(web, "faults", "data.ts")], bundle: true, format: "esm", write: false });
        const all = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
        const faultData = all.faultData.map(({ what, why, sign, user, operations, fixedBy, area, do: advice, ...rest }) => ({ ...rest, do: "", user: { en: user.en }, operations: [] }));
        const vocabularyData = all.vocabularyData.filter((v) => dialects.includes(v.name));
        const exported = { ...all, faultData, vocabularyData, languages: ["en"] };
        return { loader: "js", contents: Object.entries(exported).map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`).join("\n") };
      });
    },
  };
}
