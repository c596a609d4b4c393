import { fileURLToPath } from "node:url";

import { configDefaults, defineConfig } from "vitest/config";

import { mendContexts } from "./contexts.ts";
import { leaveOut, leaveOutNodes } from "./left-out.ts";

// Contexts of one process are made in a fifth of a process's time, but a document's listeners and a
// mocked address outlive their file there.
const IN_PROCESSES = ["src/flow/flow.test.ts", "src/ui/dialog.test.tsx", "src/viewer/stage.test.ts"];

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  base: "/static/",
  plugins: [leaveOut(), leaveOutNodes(), mendContexts()],
  // What draws volumes is no part of what Cornerstone says it exports.
  resolve: { alias: { "cornerstone-classes": here("node_modules/@cornerstonejs/core/dist/esm/RenderingEngine/vtkClasses") } },
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
    restoreMocks: true,
    testTimeout: 60_000, // no test is about the time it takes; machines are busy
    projects: [
      {
        extends: true,
        test: {
          name: "contexts",
          pool: "vmForks",
          include: ["src/**/*.test.ts", "src/**/*.test.tsx"],
          exclude: [...configDefaults.exclude, ...IN_PROCESSES],
        },
      },
      { extends: true, test: { name: "processes", pool: "forks", include: IN_PROCESSES } },
    ],
  },
});
