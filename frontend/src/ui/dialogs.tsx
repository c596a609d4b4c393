import type { VNode } from "preact";
import { useSignal } from "@preact/signals";

import { planeName } from "../geometry/orientation";
import { normalOf } from "../geometry/frames";
import { t } from "../i18n";
import { inHangingOrder } from "../reading/hanging";
import type { OpenCase } from "../reading/case";
import type { Room } from "../reading/room";
import { Dialog } from "./dialog";

/** Tell the coordinator what is wrong with a case. */
export function ProblemDialog({ room }: { room: Room }): VNode {
  const words = useSignal("");
  const error = useSignal<string | null>(null);
  const isSent = useSignal(false);
  const close = (): void => void (room.state.dialog.value = null);
  const send = async (): Promise<void> => {
    error.value = await room.reportProblem(words.value.trim());
    isSent.value = error.value === null;
  };
  if (isSent.value) {
    return (
      <Dialog title={t("problem.title")} testId="problem-dialog" onClose={close}>
        <p role="status">{t("problem.sent")}</p>
        <footer>
          <button type="button" class="primary" autofocus onClick={close}>
            {t("dialog.close")}
          </button>
        </footer>
      </Dialog>
    );
  }
  return (
    <Dialog title={t("problem.title")} testId="problem-dialog" onClose={close}>
      <form
        class="signature"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <label>
          {t("problem.words")}
          <textarea
            rows={4}
            required
            autofocus
            maxLength={2000}
            value={words.value}
            onInput={(event) => (words.value = event.currentTarget.value)}
          />
        </label>
        <p class="quiet-text">{t("problem.help")}</p>
        {error.value !== null && (
          <p class="error" role="alert">
            {error.value}
          </p>
        )}
        <footer>
          <button type="submit" class="primary" disabled={!words.value.trim()}>
            {t("problem.send")}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

/** How the images were acquired; no identifiers. */
export function FactsDialog({ room, open }: { room: Room; open: OpenCase }): VNode {
  const close = (): void => void (room.state.dialog.value = null);
  const { prior, hanging } = open.packet;
  const ofPrior = inHangingOrder(prior?.series ?? [], hanging.roles);
  const series = [...inHangingOrder(open.packet.series, hanging.roles), ...ofPrior];
  const keys = [...new Set(series.flatMap((each) => Object.keys(each.acquisition)))];
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
          {keys.map((key) => (
            <Fact
              key={key}
              name={key.replaceAll("_", " ")}
              values={series.map((each) => factWords(each.acquisition[key]))}
            />
          ))}
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

function factWords(value: unknown): string {
  if (typeof value === "number") return short(value);
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "–" : JSON.stringify(value);
}
