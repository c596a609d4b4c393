import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  base: "/static/",
  resolve: {
    alias: [
      {
        // vtk.js' XML reader pulls a CommonJS XML library and Node's `events` into the bundle and
        // breaks it at run time; nothing here reads VTK XML files.
        find: /^@kitware\/vtk\.js\/IO\/XML\/XMLPolyDataReader(\.js)?$/,
        replacement: here("src/viewer/no-xml-reader.ts"),
      },
    ],
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  build: {
    outDir: "dist",
    target: "es2022",
    manifest: true,
    assetsInlineLimit: 0, // the content security policy allows no data: scripts or fonts
    chunkSizeWarningLimit: 2500, // Cornerstone with vtk.js, loaded after the pixels are asked for
    rolldownOptions: {
      input: { reading: here("src/entries/reading.tsx"), desk: here("src/entries/desk.ts") },
    },
  },
  test: {
    environment: "node",
    include: ["src/**/*.test.ts", "src/**/*.test.tsx"],
    restoreMocks: true,
  },
});
