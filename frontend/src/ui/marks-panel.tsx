import type { VNode } from "preact";

import { t } from "../i18n";
import type { OpenCase } from "../reading/case";
import { goToMark } from "../reading/commands";
import type { Mark } from "../reading/draft";
import { keyOf } from "../reading/own-keys";
import type { Room } from "../reading/room";
import { percentOf, ratingWords } from "../reading/scales";
import { THRESHOLDS } from "../reading/thresholds";
import { letGo, useSight } from "./focus";
import { IconButton } from "./icons";

/** The reader's own marks; a click shows the lesion in every pane. */
export function MarksPanel({ room, open }: { room: Room; open: OpenCase }): VNode {
  const marks = open.marks.value;
  const unrated = open.unrated.value;
  return (
    <section class="panel-part marks" aria-labelledby="marks-title" data-testid="marks">
      <h2 id="marks-title">
        {t("marks.title")} <span class="count">{marks.length}</span>
      </h2>
      {marks.length === 0 && <p class="quiet-text">{t("marks.none_yet", { key: keyOf(room, "mark.put") })}</p>}
      <ol class="rows">
        {marks.map((mark) => (
          <MarkRow key={mark.mark_id} room={room} open={open} mark={mark} />
        ))}
      </ol>
      {unrated && open.refusals.value > 0 && (
        <p class="blocked" role="alert" key={open.refusals.value}>
          {t("marks.first", { number: unrated.number })}
        </p>
      )}
      {room.state.notice.value !== null && (
        <p class="said" role="status" data-testid="notice">
          {room.state.notice.value}
        </p>
      )}
      {marks.length === 0 && <NoLesion room={room} open={open} />}
    </section>
  );
}

function MarkRow({ room, open, mark }: { room: Room; open: OpenCase; mark: Mark }): VNode {
  const isSelected = open.selectedMark.value === mark.mark_id;
  const { number, rating, diameter_mm } = mark;
  const scale = open.packet.mark_scale;
  const words = rating === null ? "" : ratingWords(rating, scale);
  const rated = rating === null ? t("marks.unrated") : t("marks.rating", { rating: words });
  const row = useSight<HTMLLIElement>(isSelected);
  return (
    <li
      ref={row}
      class={`row${isSelected ? " is-selected" : ""}${rating === null ? " is-unrated" : ""}`}
      data-testid={`mark-${number}`}
      data-rating={rating ?? ""}
    >
      <button
        type="button"
        class="row-main"
        aria-current={isSelected}
        onClick={(event) => {
          letGo(event);
          goToMark(room, mark.mark_id);
        }}
        onDblClick={() => goToMark(room, mark.mark_id, true)}
      >
        <span class="unseen">{`${t("marks.item", { number })}, ${rated}`}</span>
        <svg class="sign" viewBox="0 0 16 16" aria-hidden="true">
          <circle cx="8" cy="8" r="5.5" />
        </svg>
        <span class="number" aria-hidden="true">{number}</span>
        <span class="rating-bar" aria-hidden="true">
          <span style={{ width: `${percentOf(rating, scale)}%` }} />
        </span>
        <span class="rating" aria-hidden="true" title={words}>{rating ?? "–"}</span>
        <span class="size" aria-hidden="true">
          {diameter_mm === null ? "" : t("marks.size", { size: diameter_mm.toFixed(0) })}
        </span>
      </button>
      {!open.isReadOnly.value && (
        <>
          <IconButton
            icon="pen"
            label={`${t("marks.rate")} ${number}`}
            onClick={() => goToMark(room, mark.mark_id, true)}
          />
          <IconButton
            icon="remove"
            label={t("marks.remove", { number })}
            shortcut={keyOf(room, "mark.remove")}
            onClick={() => open.remove(mark.mark_id)}
            testId={`remove-mark-${number}`}
          />
          {isSelected && <Threshold room={room} open={open} mark={mark} />}
        </>
      )}
    </li>
  );
}

/** How far up from its surround a lesion begins, of one that was drawn from the picture. */
function Threshold({ room, open, mark }: { room: Room; open: OpenCase; mark: Mark }): VNode | null {
  const { mark_id, threshold_percent: percent } = mark;
  if (percent === null) return null;
  const { least, most, step } = THRESHOLDS;
  const keys = `${keyOf(room, "mark.smaller")} ${keyOf(room, "mark.larger")}`;
  return (
    <label class="threshold" title={`${t("marks.threshold_help")} (${keys})`}>
      {t("marks.threshold")}
      <input
        type="range"
        min={least}
        max={most}
        step={step}
        value={percent}
        data-testid="threshold"
        onInput={(event) => {
          const wanted = Number(event.currentTarget.value);
          room.parts.draw((drawing) => drawing.setThreshold(room, mark_id, wanted));
          event.currentTarget.value = String(open.mark(mark_id)?.threshold_percent ?? percent);
        }}
        onPointerUp={(event) => event.currentTarget.blur()} // the keys belong to the pictures again
      />
      <output>{percent} %</output>
    </label>
  );
}

/** "No metastasis" is said, not implied (R4). */
function NoLesion({ room, open }: { room: Room; open: OpenCase }): VNode {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={open.draft.value.noLesionSaid}
        disabled={open.isReadOnly.value}
        data-testid="no-lesion"
        onChange={(event) => {
          open.sayNoLesion(event.currentTarget.checked);
          event.currentTarget.blur(); // the keys belong to the pictures again
        }}
      />
      {t("marks.no_lesion")} <kbd>{keyOf(room, "mark.none")}</kbd>
    </label>
  );
}
