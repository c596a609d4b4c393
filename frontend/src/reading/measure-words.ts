import { t } from "../i18n";
import type { Role } from "../api/types";
import type { Measure } from "./draft";

/** What the values of a series are measured in; MR has no unit. */
export function unitOf(role: Role | undefined): string {
  return role === "ct" ? "HU" : "";
}

/** A value of a picture with its unit. */
export function valueIn(unit: string, value: string | number): string {
  return unit ? `${value} ${unit}` : String(value);
}

const one = (value: number | undefined): string => (value ?? NaN).toFixed(1);
const whole = (value: number | undefined): string => String(Math.round(value ?? NaN));

/** What a measurement came to, in words, a line each; `unit` is that of the picture's values. */
export function linesOf(
  { tool, values }: Pick<Measure, "tool" | "values">,
  unit = "",
): readonly string[] {
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
      return [valueIn(unit, whole(a))];
    case "ellipse":
      return [
        valueIn(unit, t("measure.mean", { mean: one(a), deviation: one(b) })),
        valueIn(unit, t("measure.range", { least: whole(c), most: whole(d) })),
        t("measure.area", { area: one(e), count: f ?? 0 }),
      ];
  }
}
