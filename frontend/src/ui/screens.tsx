import { useSignal } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";
import { useEffect } from "preact/hooks";

import { t } from "../i18n";
import type { Room } from "../reading/room";
import type { Phase } from "../reading/state";
import { DisplayCheck } from "./display-check";

/**
 * A spinner that turns has the whole page drawn anew sixty times a second: without a graphics
 * processor the first pictures waited for that.
 */
const SPINNER_AFTER_MS = 2_000;

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
  const isLong = useSignal(false);
  useEffect(() => {
    const timer = setTimeout(() => (isLong.value = true), SPINNER_AFTER_MS);
    return () => clearTimeout(timer);
  }, [isLong]);
  return (
    <main class="screen" data-testid="waiting">
      <div class={isLong.value ? "spinner is-turning" : "spinner"} aria-hidden="true" />
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
