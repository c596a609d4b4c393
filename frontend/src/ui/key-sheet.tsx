import { useSignal } from "@preact/signals";
import type { VNode } from "preact";

import { t } from "../i18n";
import type { CommandName } from "../reading/commands";
import { nameOfKey, spell, type Binding } from "../reading/keys";
import { keyOf, ownAfter, refusalOf, setUp, takenBy, type OwnKeys } from "../reading/own-keys";
import type { Room } from "../reading/room";
import { levelKeys } from "../reading/scales";
import { Dialog } from "./dialog";

const GROUPS = ["look", "marks", "case", "proposals"] as const;
const MODIFIERS = ["Shift", "Control", "Meta", "Alt", "AltGraph", "CapsLock"];

/**
 * Every key, and a press away from another one. What a control arm has no use for is not in its
 * sheet.
 */
export function KeySheet({ room }: { room: Room }): VNode {
  const editor = useEditor(room);
  const bindings = room.state.bindings.value;
  const packet = room.state.openCase.value?.packet;
  const hasProposals = packet?.ai !== undefined;
  const groups = GROUPS.filter((group) => hasProposals || group !== "proposals");
  const isOwn = Object.keys(room.state.me.value?.reading_room.keys ?? {}).length > 0;
  return (
    <Dialog
      title={t("keys.title")}
      testId="key-sheet"
      isWide
      onClose={() => (room.state.dialog.value = null)}
    >
      <p class="quiet-text">{t("keys.help", { tab: keyOf(room, "pane.next"), on: keyOf(room, "place.next") })}</p>
      <p class={editor.isError ? "error" : "quiet-text keys-word"} role="status" data-testid="keys-word">
        {editor.words}
      </p>
      <div class="key-sheet">
        {groups.map((group) => (
          <section key={group}>
            <h3>{t(`group.${group}`)}</h3>
            <dl>
              {group === "marks" && <DigitRow levels={packet?.mark_scale.levels.length ?? 0} />}
              {bindings
                .filter((each) => each.group === group)
                .map((each) => (
                  <KeyRow key={each.command} binding={each} editor={editor} />
                ))}
            </dl>
          </section>
        ))}
        <PointerRows />
      </div>
      <footer>
        <button type="button" class="quiet" data-testid="tour-again" onClick={() => room.tour.begin()}>
          {t("keys.tour")}
        </button>
        <button
          type="button"
          class="quiet"
          disabled={!isOwn}
          data-testid="keys-reset"
          onClick={() => void editor.keep({}, t("keys.are_usual"))}
        >
          {t("keys.reset")}
        </button>
      </footer>
    </Dialog>
  );
}

/** What digits do, on the study's scale of marks. */
function DigitRow({ levels }: { levels: number }): VNode {
  const keys = levels === 0 ? ["1 … 9", "0"] : [levelKeys(levels)];
  return <Row keys={keys} words={t("keys.digits")} />;
}

/** What the mouse's buttons and fingers do; these stay as they are. */
function PointerRows(): VNode {
  return (
    <>
      <section>
        <h3>{t("keys.mouse")}</h3>
        <dl>
          <Row keys={[t("mouse.wheel")]} words={t("keys.wheel")} />
          <Row keys={[t("mouse.left")]} words={t("keys.left")} />
          <Row keys={[t("mouse.middle")]} words={t("keys.middle")} />
          <Row keys={[t("mouse.right"), `Ctrl ${t("mouse.wheel")}`]} words={t("keys.right")} />
        </dl>
      </section>
      <section>
        <h3>{t("keys.touch")}</h3>
        <dl>
          <Row keys={[t("touch.drag")]} words={t("keys.wheel")} />
          <Row keys={[t("touch.two")]} words={t("touch.view")} />
          <Row keys={[t("touch.rest")]} words={t("touch.mark")} />
        </dl>
      </section>
    </>
  );
}

interface Editor {
  /** Whose next key press becomes its key. */
  command: CommandName | null;
  words: string;
  isError: boolean;
  choose: (command: CommandName | null) => void;
  press: (binding: Binding, event: KeyboardEvent) => void;
  keep: (own: OwnKeys, words: string) => Promise<void>;
}

/** One command at a time gets another key; a key that is taken is refused with by what. */
function useEditor(room: Room): Editor {
  const command = useSignal<CommandName | null>(null);
  const said = useSignal({ words: "", isError: false });
  const { state } = room;
  const keep = async (own: OwnKeys, words: string): Promise<void> => {
    const { tour_seen = true } = state.me.value?.reading_room ?? {};
    const error = await setUp(room, { keys: own, tour_seen });
    said.value = { words: error ?? words, isError: error !== null };
  };
  const choose = (next: CommandName | null): void => {
    command.value = next;
    const words = next === null ? "" : t("keys.press", { command: t(`command.${next}`) });
    said.value = { words, isError: false };
  };
  const press = (binding: Binding, event: KeyboardEvent): void => {
    if (MODIFIERS.includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") {
      choose(null);
      return;
    }
    const spelled = spell(event);
    const refusal = event.altKey ? "browser" : refusalOf(binding, spelled);
    const other = takenBy(state.bindings.value, binding.command, spelled);
    const values = { key: nameOfKey(spelled), command: t(`command.${(other ?? binding).command}`) };
    if (refusal !== null || other) {
      said.value = { words: t(refusal ? `keys.refused.${refusal}` : "keys.taken", values), isError: true };
      return;
    }
    command.value = null;
    const own = ownAfter(state.me.value?.reading_room.keys ?? {}, binding.command, spelled);
    void keep(own, t("keys.kept", values));
  };
  return { command: command.value, ...said.value, choose, press, keep };
}

function KeyRow({ binding, editor }: { binding: Binding; editor: Editor }): VNode {
  const { command } = binding;
  const isPressing = editor.command === command;
  const words = wordsOf(binding);
  const keys = binding.keys.length > 0 ? [...new Set(binding.keys.map(nameOfKey))] : ["–"];
  return (
    <div>
      <dt>
        <button
          type="button"
          class={isPressing ? "key-button is-pressing" : "key-button"}
          aria-label={t("keys.change", { command: words, keys: isPressing ? "…" : keys.join(" ") })}
          aria-pressed={isPressing}
          data-testid={`key-${command}`}
          onClick={() => editor.choose(isPressing ? null : command)}
          onBlur={() => {
            if (isPressing) editor.choose(null);
          }}
          onKeyDown={(event) => {
            if (isPressing) editor.press(binding, event);
          }}
        >
          {isPressing ? <kbd>…</kbd> : <Keys keys={keys} />}
        </button>
      </dt>
      <dd>{words}</dd>
    </div>
  );
}

function Row({ keys, words }: { keys: readonly string[]; words: string }): VNode {
  return (
    <div>
      <dt>
        <Keys keys={keys} />
      </dt>
      <dd>{words}</dd>
    </div>
  );
}

function Keys({ keys }: { keys: readonly string[] }): VNode {
  return (
    <>
      {[...new Set(keys)].map((key) => (
        <span key={key}>
          <kbd>{key}</kbd>{" "}
        </span>
      ))}
    </>
  );
}

function wordsOf(binding: Binding): string {
  const words = t(`command.${binding.command}`);
  return binding.release ? `${words} (${t("keys.hold")})` : words;
}
