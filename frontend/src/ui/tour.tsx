import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { t } from "../i18n";
import { keyOf } from "../reading/own-keys";
import type { Room } from "../reading/room";
import type { Stop } from "../reading/tour";

const PLACES: Readonly<Record<Stop, string>> = {
  pictures: "[data-testid=panes]",
  marks: "[data-testid=marks]",
  proposals: "[data-testid=proposals]",
  answers: ".foot",
  keys: ".bar .group:last-child",
};
const AROUND_PX = 4;

/** The tour, while there is one. */
export function TourView({ room }: { room: Room }): VNode | null {
  const stop = room.tour.stop.value;
  return stop === null ? null : <Card room={room} stop={stop} />;
}

/** One part of the room is lit, one card says what it is for. Escape skips the rest. */
function Card({ room, stop }: { room: Room; stop: Stop }): VNode {
  const { tour } = room;
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (element.current?.open === false) element.current.showModal();
  }, []);
  const { stops } = tour;
  const number = stops.indexOf(stop) + 1;
  const isLast = number === stops.length;
  return (
    <dialog
      ref={element}
      class="tour"
      aria-labelledby="tour-title"
      aria-describedby="tour-words"
      data-testid="tour"
      data-stop={stop}
      onCancel={(event) => {
        event.preventDefault();
        tour.end();
      }}
      onKeyDown={(event) => {
        if (event.key === "ArrowRight") tour.go(1);
        if (event.key === "ArrowLeft") tour.go(-1);
      }}
    >
      <Light stop={stop} />
      <div class="tour-card">
        <p class="quiet-text">{t("tour.count", { number, of: stops.length })}</p>
        <h2 id="tour-title">{t(`tour.${stop}.title`)}</h2>
        <p id="tour-words" role="status">
          {t(`tour.${stop}.words`, keysNamed(room))}
        </p>
        <footer>
          <button type="button" class="quiet" data-testid="tour-skip" onClick={() => tour.end()}>
            {t("tour.skip")}
          </button>
          <span class="stretch" />
          {number > 1 && (
            <button type="button" class="quiet" onClick={() => tour.go(-1)}>
              {t("tour.back")}
            </button>
          )}
          <button
            type="button"
            class="primary"
            autofocus
            data-testid="tour-next"
            onClick={() => tour.go(1)}
          >
            {t(isLast ? "tour.done" : "tour.next")}
          </button>
        </footer>
      </div>
    </dialog>
  );
}

/** The keys that the tour speaks of, as they are for this reader. */
function keysNamed(room: Room): Readonly<Record<string, string>> {
  return {
    back: keyOf(room, "slice.previous"),
    forth: keyOf(room, "slice.next"),
    mark: keyOf(room, "mark.put"),
    accept: keyOf(room, "proposal.accept"),
    reject: keyOf(room, "proposal.reject"),
    edit: keyOf(room, "proposal.edit"),
    hide: keyOf(room, "overlays.hide"),
    hide_proposals: keyOf(room, "proposals.hide"),
    questions: keyOf(room, "questions.focus"),
    keys: keyOf(room, "keys.show"),
    rest: keyOf(room, "break.take"),
  };
}

/** A frame round the part that is spoken of; all else is dimmed. */
function Light({ stop }: { stop: Stop }): VNode | null {
  const [box, setBox] = useState<DOMRect | null>(null);
  useEffect(() => {
    const look = (): void => {
      setBox(document.querySelector(PLACES[stop])?.getBoundingClientRect() ?? null);
    };
    look();
    addEventListener("resize", look);
    return () => removeEventListener("resize", look);
  }, [stop]);
  if (!box) return null;
  const style = {
    left: `${box.left - AROUND_PX}px`,
    top: `${box.top - AROUND_PX}px`,
    width: `${box.width + 2 * AROUND_PX}px`,
    height: `${box.height + 2 * AROUND_PX}px`,
  };
  return <div class="tour-light" aria-hidden="true" style={style} />;
}
