import type { VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import type { Series } from "../api/types";
import { rulerFor } from "../geometry/ruler";
import { t } from "../i18n";
import type { Hung } from "../reading/hanging";
import type { Progress } from "../reading/loading";
import { unitOf, valueIn } from "../reading/measure-words";
import { keyOf } from "../reading/own-keys";
import type { Room } from "../reading/room";
import type { Viewing } from "../reading/viewing";
import type { PaneView } from "../viewer/contract";

const RULER_ROOM_PX = 110;

interface PaneProps {
  room: Room;
  viewing: Viewing;
  pane: number;
  hung: Hung;
}

/** One pane: the picture, what is drawn over it, and its corners. */
export function PaneFrame({ room, viewing, pane, hung }: PaneProps): VNode {
  const host = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  // Before the page is drawn with it: the first pictures would wait for the words around them.
  useLayoutEffect(() => {
    viewing.seats.put(pane, host.current, svg.current);
    return () => viewing.seats.put(pane, null, null);
  }, [viewing, pane]);
  const view = viewing.views.value[pane] ?? null;
  const isActive = viewing.active.value === pane;
  const prior = priorWords(viewing, hung.series);
  const role = [t(`role.${hung.series.role}`), prior].filter(Boolean).join(", ");
  const name = view
    ? t("pane.name", { role, slice: view.slice + 1, slices: view.slices })
    : role;
  return (
    <div
      class={`pane tool-${viewing.pointer.tool.value}${isActive ? " is-active" : ""}${prior ? " is-prior" : ""}`}
      role="img"
      aria-label={name}
      tabIndex={-1} // Tab through the page passes the pictures by: in them it goes from pane to pane
      aria-describedby="pictures-keys"
      data-testid={`pane-${pane}`}
      data-role={hung.series.role}
      data-examination={prior ? "prior" : "current"}
      data-tie={prior ? viewing.comparison.tieOf(hung.series) : undefined}
      data-slice={view ? view.slice + 1 : ""}
      data-slices={view?.slices}
      data-window={view ? view.window.map((each) => Math.round(each)).join("/") : ""}
      onFocus={() => viewing.activate(pane)}
      onPointerLeave={() => viewing.pointer.leave()}
    >
      <div class="picture" ref={host} />
      <svg class="overlay" ref={svg} aria-hidden="true" />
      <KeyCursor viewing={viewing} pane={pane} />
      <Corners room={room} view={view} hung={hung} viewing={viewing} pane={pane} />
      <LoadLine room={room} progress={room.loading.progress.value[hung.series.id]} />
    </div>
  );
}

/** Where keys have moved the cursor to. */
function KeyCursor({ viewing, pane }: Pick<PaneProps, "viewing" | "pane">): VNode | null {
  const cursor = viewing.pointer.keyCursor;
  if (cursor?.pane !== pane) return null;
  const [left, top] = cursor.place;
  return <div class="key-cursor" style={{ left: `${left}px`, top: `${top}px` }} data-testid="key-cursor" />;
}

/** "prior, 92 days earlier"; empty for the current examination. */
function priorWords({ comparison }: Viewing, series: Series): string {
  if (!comparison.isPrior(series)) return "";
  const days = comparison.prior.value?.days ?? null;
  const words = days === 1 ? t("prior.day") : t("prior.days", { days: days ?? 0 });
  return days === null ? t("prior.name") : `${t("prior.name")}, ${words}`;
}

interface CornersProps {
  room: Room;
  view: PaneView | null;
  hung: Hung;
  viewing: Viewing;
  pane: number;
}

function Corners({ room, view, hung, viewing, pane }: CornersProps): VNode {
  const cut = t(`cut.${hung.cut}`);
  const probe = viewing.probeIn(pane);
  return (
    <div class="corners" aria-hidden="true">
      <div class="edge at-top">
        <div class="corner top-left">
          <strong>{t(`role.${hung.series.role}`)}</strong> {cut}{" "}
          {view && view.slab_mm > 0 && t("pane.slab", { thickness: view.slab_mm })}
          <PriorLine room={room} viewing={viewing} hung={hung} />
        </div>
        <div class="letter top">{view?.letters.top}</div>
      </div>
      {view && (
        <>
          <div class="edge at-sides">
            <div class="letter left">{view.letters.left}</div>
            <div class="letter right">{view.letters.right}</div>
          </div>
          <div class="edge at-bottom">
            <div class="corner bottom-left">
              {t("pane.window", {
                centre: Math.round(view.window[0]),
                width: Math.round(view.window[1]),
              })}
              {probe !== null && <div>{t("pane.value", { value: valueIn(unitOf(hung.series.role), Math.round(probe)) })}</div>}
            </div>
            <div class="letter bottom">{view.letters.bottom}</div>
            <Ruler px_per_mm={view.px_per_mm} />
          </div>
        </>
      )}
    </div>
  );
}

/** That this is the prior, how long before, and how it is linked with the current images. */
function PriorLine({ room, viewing, hung }: Pick<CornersProps, "room" | "viewing" | "hung">): VNode | null {
  const words = priorWords(viewing, hung.series);
  if (!words) return null;
  const tie = viewing.comparison.tieOf(hung.series);
  return (
    <>
      <span class="tag">{words}</span>
      <div class="tie">{t(`prior.${tie}`, { key: keyOf(room, "view.link_prior") })}</div>
    </>
  );
}

function Ruler({ px_per_mm }: { px_per_mm: number }): VNode {
  const { length_mm, length_px } = rulerFor(px_per_mm, RULER_ROOM_PX);
  return (
    <div class="ruler">
      <span>{length_mm} mm</span>
      <div style={{ width: `${length_px}px` }} />
    </div>
  );
}

/** How far a series has come, and a way to try again where it did not. */
export function LoadLine({
  room,
  progress,
}: {
  room: Room;
  progress: Progress | undefined;
}): VNode | null {
  if (!progress) return null;
  const { loaded, total, hasFailed } = progress;
  if (hasFailed) {
    return (
      <div class="load-failed" role="alert">
        {t("pane.failed")}
        <button type="button" class="quiet" onClick={() => room.loading.again()}>
          {t("pane.again")}
        </button>
      </div>
    );
  }
  const isDone = loaded === total;
  return (
    <div
      class={isDone ? "load-line is-done" : "load-line"}
      role="progressbar"
      aria-label={t("pane.loading", { loaded, total })}
      aria-valuenow={loaded}
      aria-valuemin={0}
      aria-valuemax={total}
    >
      <div style={{ transform: `scaleX(${loaded / total})` }} />
    </div>
  );
}
