import { useSignal } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";
import { useEffect } from "preact/hooks";

import { t } from "../i18n";
import { LEAST_HEIGHT_PX, LEAST_WIDTH_PX } from "../reading/display";
import type { Room } from "../reading/room";
import type { Phase } from "../reading/state";

/** What fills the room while no case is shown. */
export function Screen({ room, phase }: { room: Room; phase: Phase }): VNode | null {
  switch (phase.name) {
    case "starting":
      return <Waiting words={t("start.loading")} />;
    case "opening":
      return <Waiting words={t("start.opening")} />;
    case "draining":
      return (
        <Waiting words={t("start.draining", { count: room.state.saved.value.unsent })}>
          <p class="quiet-text">{t("start.draining_help")}</p>
        </Waiting>
      );
    case "display":
      return <DisplayCheck room={room} />;
    case "finished":
      return <Finished room={room} phase={phase} />;
    case "resting":
      return <Resting room={room} phase={phase} />;
    case "refused":
      return <Refused room={room} phase={phase} />;
    case "reading":
      return null;
  }
}

function Waiting({ words, children }: { words: string; children?: ComponentChildren }): VNode {
  return (
    <main class="screen" data-testid="waiting">
      <div class="spinner" aria-hidden="true" />
      <p role="status">{words}</p>
      {children}
    </main>
  );
}

interface FinishedProps {
  room: Room;
  phase: Extract<Phase, { name: "finished" }>;
}

function Finished({ room, phase }: FinishedProps): VNode {
  return (
    <main class="screen" data-testid="finished">
      <h1>{t("finished.title")}</h1>
      <p>{phase.words}</p>
      {phase.opensOn !== null && (
        <p class="large">
          {t("finished.opens_on", { date: new Date(phase.opensOn).toLocaleDateString() })}
        </p>
      )}
      <a class="primary" href={room.home}>
        {t("finished.home")}
      </a>
    </main>
  );
}

interface RestingProps {
  room: Room;
  phase: Extract<Phase, { name: "resting" }>;
}

/** The session has reached its limit: when the next case opens, and a way on from then (R10). */
function Resting({ room, phase }: RestingProps): VNode {
  const opensAt = new Date(phase.opensAt);
  const isOver = useSignal(false);
  useEffect(() => {
    const tell = (): void => void (isOver.value = Date.now() >= opensAt.getTime());
    tell();
    const timer = setInterval(tell, 1000);
    return () => clearInterval(timer);
  }, [phase.opensAt]);
  const time = opensAt.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return (
    <main class="screen" data-testid="resting">
      <h1>{t("rest.title")}</h1>
      <p>{phase.words}</p>
      <p class="large" role="status">{t(isOver.value ? "rest.over" : "rest.opens_at", { time })}</p>
      <div class="deeds">
        {isOver.value && (
          <button type="button" class="primary" onClick={() => void room.retry()}>
            {t("rest.go_on")}
          </button>
        )}
        <a class="quiet" href={room.home}>
          {t("finished.home")}
        </a>
      </div>
    </main>
  );
}

interface RefusedProps {
  room: Room;
  phase: Extract<Phase, { name: "refused" }>;
}

function Refused({ room, phase }: RefusedProps): VNode {
  return (
    <main class="screen" data-testid="refused">
      <h1>{t("refused.title")}</h1>
      <p role="alert">{phase.words}</p>
      <div class="deeds">
        {phase.canRetry && (
          <button type="button" class="primary" onClick={() => void room.retry()}>
            {t("refused.retry")}
          </button>
        )}
        <a class="quiet" href={room.home}>
          {t("finished.home")}
        </a>
      </div>
    </main>
  );
}

/** Once a day: can this screen, in this room, show the darkest and brightest steps? (R11) */
function DisplayCheck({ room }: { room: Room }): VNode {
  return (
    <main class="screen display-check" data-testid="display-check">
      <h1>{t("display.title")}</h1>
      <p class="quiet-text">{t("display.help")}</p>
      <TestPattern />
      <ul>
        <li>{t("display.dark")}</li>
        <li>{t("display.bright")}</li>
        <li>{t("display.room")}</li>
      </ul>
      {room.state.isWindowSmall.value && (
        <p class="warning" role="alert">
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
      <p class="quiet-text">
        {t("display.size", {
          width: Math.round(screen.width * devicePixelRatio),
          height: Math.round(screen.height * devicePixelRatio),
          scale: devicePixelRatio.toFixed(2),
        })}
      </p>
    </main>
  );
}

const GREY_STEPS = 11;

/** After SMPTE RP 133: a grey scale in 10 % steps, and 5 % steps within black and within white. */
function TestPattern(): VNode {
  return (
    <svg class="pattern" viewBox="0 0 440 150" role="img" aria-label={t("display.title")}>
      <rect width="440" height="150" fill="#808080" />
      {Array.from({ length: GREY_STEPS }, (_, step) => {
        const level = `${step * 10}%`;
        return (
          <rect
            key={step}
            x={step * 40}
            y="0"
            width="40"
            height="40"
            fill={`color-mix(in srgb, white ${level}, black)`}
          />
        );
      })}
      <rect x="110" y="55" width="80" height="80" fill="#000" />
      <rect x="135" y="80" width="30" height="30" fill="#0d0d0d" />
      <rect x="250" y="55" width="80" height="80" fill="#fff" />
      <rect x="275" y="80" width="30" height="30" fill="#f2f2f2" />
    </svg>
  );
}
