import { t } from "../i18n";
import type { Measure } from "./draft";

const one = (value: number | undefined): string => (value ?? NaN).toFixed(1);
const whole = (value: number | undefined): string => String(Math.round(value ?? NaN));

/** What a measurement came to, in words, a line each. */
export function linesOf({ tool, values }: Pick<Measure, "tool" | "values">): readonly string[] {
  if (values.length === 0) return ["–"];
  const [a, b, c, d, e, f] = values;
  switch (tool) {
    case "length":
      return [`${one(a)} mm`];
    case "bidirectional":
      return [`${one(a)} × ${one(b)} mm`];
    case "angle":
      return [`${one(a)}°`];
    case "probe":
      return [whole(a)];
    case "ellipse":
      return [
        t("measure.mean", { mean: one(a), deviation: one(b) }),
        t("measure.range", { least: whole(c), most: whole(d) }),
        t("measure.area", { area: one(e), count: f ?? 0 }),
      ];
  }
}
