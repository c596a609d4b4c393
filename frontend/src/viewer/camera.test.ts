import { expect, test } from "vitest";

import type { Vector } from "../api/types";
import { add, cross, dot, scale, unit } from "../geometry/vectors";
import { screenOf } from "./camera";
import type { ScreenPoint } from "./contract";

test("a map for many points says what the pane says of each, also in an oblique one far from the origin", () => {
  const right = unit([0.9, 0.3, -0.2]);
  const down = unit(cross(unit([0.2, -0.4, 0.9]), right));
  const toScreen = (point: Vector): ScreenPoint => {
    const from = add(point, [-812.3, 455.1, 1290.7]);
    return [320.5 + 3.7 * dot(from, right), 240.25 + 3.7 * dot(from, down)];
  };
  const map = screenOf({ toScreen });
  for (let number = 0; number < 50; number += 1) {
    const point = scale([Math.sin(number), Math.cos(3 * number), Math.sin(7 * number)], 900);
    const [x, y] = map(point);
    const [u, v] = toScreen(point);
    expect(x).toBeCloseTo(u, 6);
    expect(y).toBeCloseTo(v, 6);
  }
});
