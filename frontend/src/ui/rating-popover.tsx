import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { t } from "../i18n";
import { perform } from "../reading/commands";
import type { Mark } from "../reading/draft";
import { keyOf } from "../reading/own-keys";
import { digitHelp } from "../reading/scales";
import type { Room } from "../reading/room";
import type { Rating } from "../reading/state";
import type { Viewing } from "../reading/viewing";
import { LevelScale } from "../questions/level-scale";
import { RatingScale } from "../questions/rating-scale";

const WIDTH_PX = 300;
const HEIGHT_PX = 132;
const LEVELS_PX = [92, 28] as const; // of a scale of levels: the rest of it, and each level
const BESIDE_PX = 36;

interface Props {
  room: Room;
  viewing: Viewing;
  rating: Rating;
}

/** The rating of a mark, beside it: a digit or a drag, then it closes by itself. */
export function RatingPopover({ room, viewing, rating }: Props): VNode | null {
  const open = room.state.openCase.value;
  const mark = open?.mark(rating.mark);
  const element = useRef<HTMLDivElement>(null);
  const refusals = open?.refusals.value ?? 0;
  useEffect(() => {
    if (refusals > 0) element.current?.animate(SHAKE, { duration: 180 });
  }, [refusals]);
  if (!open || !mark || open.isReadOnly.value) return null;
  const isUnrated = mark.rating === null;
  // Read here so that the popover moves with the picture.
  const isShown = viewing.views.value[rating.pane] !== undefined;
  const { levels, low_label, high_label } = open.packet.mark_scale;
  const height = levels.length === 0 ? HEIGHT_PX : LEVELS_PX[0] + LEVELS_PX[1] * levels.length;
  const [left, top] = placeOf(viewing, rating, isShown ? mark : null, height);
  const scale = {
    id: "mark-rating",
    label: t("rating.title", { number: mark.number }),
    value: mark.rating,
    onChange: (value: number) => {
      open.rate(mark.mark_id, value);
      room.state.rating.value = null;
    },
  };
  return (
    <div
      ref={element}
      class={isUnrated ? "popover is-unrated" : "popover"}
      role="dialog"
      aria-label={t("rating.title", { number: mark.number })}
      data-testid="rating"
      style={{ left: `${left}px`, top: `${top}px`, width: `${WIDTH_PX}px` }}
    >
      <p class="question">{t("rating.title", { number: mark.number })}</p>
      {levels.length > 0 ? (
        <LevelScale {...scale} levels={levels} isFinal />
      ) : (
        <RatingScale
          {...scale}
          low={low_label ? `0 ${low_label}` : t("rating.low")}
          high={high_label ? `100 ${high_label}` : t("rating.high")}
        />
      )}
      <div class="foot-line">
        <span class="quiet-text">{digitHelp(levels.length)}</span>
        {isUnrated && (
          <button type="button" class="quiet" onClick={() => perform(room, "mark.remove")}>
            {t("rating.take_back")} <kbd>{keyOf(room, "mark.remove")}</kbd>
          </button>
        )}
      </div>
    </div>
  );
}

const SHAKE = [{ translate: "0" }, { translate: "-5px" }, { translate: "5px" }, { translate: "0" }];

/** Beside the mark, never over it, and whole on the page. */
function placeOf(
  viewing: Viewing,
  rating: Rating,
  mark: Mark | null,
  height: number,
): readonly [number, number] {
  const at = (mark && viewing.onPage(rating.pane, mark.position_mm)) ?? [innerWidth / 2, innerHeight / 2];
  const isRoomRight = at[0] + BESIDE_PX + WIDTH_PX < innerWidth;
  const left = isRoomRight ? at[0] + BESIDE_PX : at[0] - BESIDE_PX - WIDTH_PX;
  const top = Math.min(Math.max(at[1] - height / 2, 8), innerHeight - height - 8);
  return [Math.max(left, 8), top];
}
