import { fileURLToPath } from "node:url";

import { defineConfig } from "vite";

import { leaveOut } from "../../left-out";

/** The page that `benchmarks/viewer` compares the reading room's scrolling with. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [leaveOut()],
  worker: { format: "es" },
  build: { target: "es2022", assetsInlineLimit: 0, emptyOutDir: true, chunkSizeWarningLimit: 2500 },
});
