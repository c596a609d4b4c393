import { expect, test } from "vitest";
import { datasetPaths } from "./files";

const named = (path: string): File => {
  const file = new File(["x"], path.split("/").at(-1) ?? "");
  Object.defineProperty(file, "webkitRelativePath", { value: path });
  return file;
};

test("paths of volumes, their side-cars and numbered slices are told, no other name is", () => {
  const told = [
    "set/100101A/100101A_T1post.nii.gz",
    "set/a/t1c.nii",
    "set/a/t1c.json",
    "Mets_005/seg/12.png",
  ];
  const kept = ["Doe^Jane/1.dcm", "Doe^Jane/t1c.json", "Doe^Jane/12.png", "set/a/t1c", "x.zip"];
  const found = datasetPaths([...told, ...kept].map(named));
  expect([...found.values()]).toEqual(told);
});
