import type { VNode } from "preact";

import { normalOf } from "../geometry/frames";
import { planeName } from "../geometry/orientation";
import { t, type Words } from "../i18n";
import type { OpenCase } from "../reading/case";
import { inHangingOrder } from "../reading/hanging";
import type { Room } from "../reading/room";
import { Dialog } from "./dialog";

/** What a header may tell of an acquisition, in the order of the table, with its unit. */
const TOLD: readonly { key: string; name: keyof Words; unit?: string }[] = [
  { key: "repetition_ms", name: "facts.repetition", unit: " ms" },
  { key: "echo_ms", name: "facts.echo", unit: " ms" },
  { key: "inversion_ms", name: "facts.inversion", unit: " ms" },
  { key: "flip_degrees", name: "facts.flip", unit: "°" },
  { key: "thickness_mm", name: "facts.thickness", unit: " mm" },
  { key: "tilt_degrees", name: "facts.tilt", unit: "°" },
  { key: "is_3d", name: "facts.volume" },
  { key: "has_contrast", name: "facts.contrast" },
  { key: "agent", name: "facts.agent" },
  { key: "delay_s", name: "facts.delay", unit: " s" },
  { key: "field_t", name: "facts.field", unit: " T" },
  { key: "vendor", name: "facts.vendor" },
  { key: "model", name: "facts.model" },
];

const NOTHING = "–";

/** How the images were acquired; no identifiers. What no series tells has no row. */
export function FactsDialog({ room, open }: { room: Room; open: OpenCase }): VNode {
  const close = (): void => void (room.state.dialog.value = null);
  const { prior, hanging } = open.packet;
  const ofPrior = inHangingOrder(prior?.series ?? [], hanging.roles);
  const series = [...inHangingOrder(open.packet.series, hanging.roles), ...ofPrior];
  return (
    <Dialog title={t("facts.title")} testId="facts-dialog" isWide onClose={close}>
      <table class="facts">
        <thead>
          <tr>
            <th>{t("facts.series")}</th>
            {series.map((each) => (
              <th key={each.id} scope="col">
                {t(`role.${each.role}`)} {ofPrior.includes(each) && t("facts.prior")}
                <small>{each.description}</small>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Fact name={t("facts.slices")} values={series.map((each) => String(each.frames))} />
          <Fact
            name={t("facts.voxel")}
            values={series.map(({ geometry }) => {
              const [rows, columns] = geometry.pixel_spacing_mm;
              return `${short(columns)} × ${short(rows)} × ${short(geometry.spacing_mm)} mm`;
            })}
          />
          <Fact
            name={t("facts.plane")}
            values={series.map(({ geometry }) => t(`cut.${planeName(normalOf(geometry))}`))}
          />
          {TOLD.map(({ key, name, unit = "" }) => {
            const values = series.map(({ acquisition }) => factWords(acquisition[key], unit));
            return values.every((each) => each === NOTHING) ? null : (
              <Fact key={key} name={t(name)} values={values} />
            );
          })}
        </tbody>
      </table>
    </Dialog>
  );
}

function Fact({ name, values }: { name: string; values: readonly string[] }): VNode {
  return (
    <tr>
      <th scope="row">{name}</th>
      {values.map((value, at) => (
        <td key={at}>{value}</td>
      ))}
    </tr>
  );
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function factWords(value: unknown, unit: string): string {
  if (typeof value === "number") return `${short(value)}${unit}`;
  if (typeof value === "boolean") return t(value ? "facts.yes" : "facts.no");
  return typeof value === "string" && value !== "" ? value : NOTHING;
}
