import { useSignal } from "@preact/signals";
import type { VNode } from "preact";

import { t } from "../i18n";
import {
  CARD_WIDTH_MM,
  LEAST_HEIGHT_PX,
  LEAST_WIDTH_PX,
  MOST_CSS_PX_PER_MM,
  LEAST_CSS_PX_PER_MM,
  ScreenScale,
} from "../reading/display";
import type { Room } from "../reading/room";
import { TestPattern } from "./test-pattern";

/** Once a day: can this screen, in this room, show what has to be seen, and how large is it? (R11) */
export function DisplayCheck({ room }: { room: Room }): VNode {
  const { isWindowSmall } = room.state;
  return (
    <main class="screen display-check" data-testid="display-check">
      <h1>{t("display.title")}</h1>
      <p class="quiet-text">{t("display.help")}</p>
      <TestPattern />
      <ul>
        <li>{t("display.dark")}</li>
        <li>{t("display.steps")}</li>
        <li>{t("display.lines")}</li>
        <li>{t("display.room")}</li>
      </ul>
      <Scale />
      {isWindowSmall.value && (
        <p class="warning" role="alert" data-testid="window-small">
          {t("display.small", { width: LEAST_WIDTH_PX, height: LEAST_HEIGHT_PX })}
        </p>
      )}
      <div class="deeds">
        <button
          type="button"
          class="primary"
          data-testid="display-seen"
          onClick={() => room.answerDisplayCheck(true)}
        >
          {t("display.yes")}
        </button>
        <button
          type="button"
          class="quiet"
          data-testid="display-not-seen"
          onClick={() => room.answerDisplayCheck(false)}
        >
          {t("display.no")}
        </button>
      </div>
    </main>
  );
}

/** How many pixels of this screen a millimetre has: by a bank card held to it. Kept for the screen. */
function Scale(): VNode {
  const scale = new ScreenScale();
  const px_per_mm = useSignal(scale.css_px_per_mm);
  const now = px_per_mm.value ?? scale.guess;
  const set = (value: number | null): void => {
    px_per_mm.value = value;
    scale.keep(value);
  };
  const facts = t("display.size", {
    width: Math.round(screen.width * devicePixelRatio),
    height: Math.round(screen.height * devicePixelRatio),
    scale: devicePixelRatio.toFixed(2),
  });
  return (
    <details class="screen-scale" data-testid="scale">
      <summary>
        {facts}
        {" · "}
        {px_per_mm.value === null
          ? t("display.unmeasured")
          : t("display.dpi", { dpi: Math.round(px_per_mm.value * devicePixelRatio * 25.4) })}
      </summary>
      <p>{t("display.card")}</p>
      <div class="bank-card" style={{ width: `${now * CARD_WIDTH_MM}px` }} aria-hidden="true" />
      <label>
        {t("display.card_width")}
        <input
          type="range"
          min={LEAST_CSS_PX_PER_MM * CARD_WIDTH_MM}
          max={MOST_CSS_PX_PER_MM * CARD_WIDTH_MM}
          step="1"
          value={now * CARD_WIDTH_MM}
          data-testid="card-width"
          onInput={(event) => set(Number(event.currentTarget.value) / CARD_WIDTH_MM)}
        />
      </label>
      <button type="button" class="quiet" disabled={px_per_mm.value === null} onClick={() => set(null)}>
        {t("display.forget")}
      </button>
    </details>
  );
}
