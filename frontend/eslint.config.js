// @ts-check
import eslint from "@eslint/js";
import tseslint from "typescript-eslint";

const CORNERSTONE = ["@cornerstonejs/*", "@kitware/*", "dicom-parser"];
const zone = (group, message) => ({ group, message });
const onlyViewer = zone(
  CORNERSTONE,
  "Only src/viewer draws with Cornerstone: the rest must load before it and outlive it.",
);
const restricted = (...patterns) => ({
  "@typescript-eslint/no-restricted-imports": ["error", { patterns }],
});

export default tseslint.config(
  { ignores: ["dist", "node_modules", "src/api/schema.d.ts"] },
  eslint.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "max-lines": ["error", { max: 400 }],
      "max-lines-per-function": ["error", { max: 60, skipComments: true }],
      complexity: ["error", 15],
      eqeqeq: "error",
      "no-console": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-invalid-void-type": "off",
      "@typescript-eslint/non-nullable-type-assertion-style": "off",
      ...restricted(onlyViewer),
    },
  },
  {
    files: ["src/geometry/**"],
    rules: restricted(
      onlyViewer,
      zone(["../*", "preact", "@preact/*"], "Geometry is pure: numbers in, numbers out."),
    ),
  },
  {
    files: ["src/outbox/**", "src/api/**"],
    rules: restricted(
      onlyViewer,
      zone(
        ["../viewer/*", "../ui/*", "../questions/*", "../reading/*", "preact"],
        "What sends and keeps knows nothing of what shows.",
      ),
    ),
  },
  {
    files: ["src/flow/**"],
    rules: restricted(onlyViewer, zone(["../*", "preact", "@preact/*"], "The flow knows pages, not what is on them.")),
  },
  {
    files: ["src/desk/**"],
    rules: restricted(onlyViewer, zone(["../reading/*", "../viewer/*"], "The desk is its own page.")),
  },
  {
    files: ["src/viewer/**"],
    rules: restricted(
      zone(["../reading/*", "../ui/*", "../outbox/*"], "The viewer is told what to show."),
    ),
  },
  {
    files: ["src/packs/jpegls.ts", "src/packs/jpegls.test.ts"],
    rules: restricted(
      zone(
        ["@cornerstonejs/*", "!@cornerstonejs/codec-charls", "@kitware/*", "dicom-parser"],
        "A codec, and nothing that draws.",
      ),
    ),
  },
  {
    files: ["src/**/*.test.ts", "src/**/*.test.tsx"],
    rules: { "max-lines-per-function": "off", complexity: "off" },
  },
  { files: ["*.js"], ...tseslint.configs.disableTypeChecked },
);
