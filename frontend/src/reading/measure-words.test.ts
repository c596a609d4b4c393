import { expect, test } from "vitest";

import { linesOf, unitOf, valueIn } from "./measure-words";

test("values of ct are told in hounsfield units, lengths and angles in their own", () => {
  const unit = unitOf("ct");
  expect(linesOf({ tool: "probe", values: [41.6] }, unit)).toEqual(["42 HU"]);
  expect(linesOf({ tool: "ellipse", values: [41.62, 4.1, 30, 55, 12.5, 50] }, unit)).toEqual([
    "mean 41.6 ± 4.1 HU",
    "30 to 55 HU",
    "12.5 mm² (50 px)",
  ]);
  expect(linesOf({ tool: "length", values: [12.34] }, unit)).toEqual(["12.3 mm"]);
});

test("mr has no unit", () => {
  expect(linesOf({ tool: "probe", values: [512] }, unitOf("t1c"))).toEqual(["512"]);
  expect(valueIn(unitOf(undefined), 7)).toBe("7");
});
