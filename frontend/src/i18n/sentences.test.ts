import { expect, test } from "vitest";

import { firstSentence } from "./sentences";

test.each([
  [
    "If this is a lesion: it is taken for metastasis 0.91, glioblastoma 0.09. These were learnt. Really.",
    "If this is a lesion: it is taken for metastasis 0.91, glioblastoma 0.09.",
    "These were learnt. Really.",
  ],
  ["Metastasis 0.9; of approx. five kinds.", "Metastasis 0.9; of approx. five kinds.", ""],
  ["若为病灶：转移瘤 0.91。这些概率来自合成病灶。", "若为病灶：转移瘤 0.91。", "这些概率来自合成病灶。"],
  ["No end", "No end", ""],
  ["", "", ""],
])("r5: the answer is told from what it is worth: %j", (text, head, rest) => {
  expect(firstSentence(text)).toEqual([head, rest]);
});
