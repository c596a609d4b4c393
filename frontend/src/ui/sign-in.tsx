import { useSignal, type Signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { t } from "../i18n";
import { wordsOf } from "../reading/refusals";
import type { Room } from "../reading/room";
import { Dialog } from "./dialog";

/** Refusals after which the password stays and the code is asked: of who has a second factor. */
const CODE_ASKED = ["accounts.code_needed", "accounts.wrong_code", "accounts.wait"];

/** Sign-in over the case when the session has ended: nothing is lost. */
export function SignInDialog({ room }: { room: Room }): VNode {
  const username = useSignal(room.state.me.value?.username ?? "");
  const password = useSignal("");
  const code = useSignal("");
  const asksCode = useSignal(false);
  const error = useSignal<string | null>(null);
  const isBusy = useSignal(false);
  const enter = async (): Promise<void> => {
    isBusy.value = true;
    const refused = await room.signIn(username.value, password.value, code.value);
    isBusy.value = false;
    asksCode.value = CODE_ASKED.includes(refused?.code ?? "");
    error.value = refused && refused.code !== "accounts.code_needed" ? wordsOf(refused) : null;
    code.value = "";
    if (!asksCode.value) password.value = "";
  };
  return (
    <Dialog title={t("sign_in.title")} testId="sign-in">
      <form
        class="signature"
        onSubmit={(event) => {
          event.preventDefault();
          void enter();
        }}
      >
        <p class="quiet-text">{t("sign_in.help")}</p>
        <Field value={username} words={t("sign_in.user")} fill="username" />
        <Field value={password} words={t("sign_in.password")} fill="current-password" isFirst />
        {asksCode.value && (
          <Field value={code} words={t("sign_in.code")} fill="one-time-code" isFirst />
        )}
        {error.value !== null && (
          <p class="error" role="alert">
            {error.value}
          </p>
        )}
        <footer>
          <button type="submit" class="primary" disabled={isBusy.value}>
            {t("sign_in.do")}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

const HIDDEN = { type: "password" } as const;
const SHOWN = { type: "text" } as const;

interface FieldProps {
  value: Signal<string>;
  words: string;
  /** What the browser may fill in; a password is hidden. */
  fill: "username" | "current-password" | "one-time-code";
  /** Where the typing goes on, as soon as it is there. */
  isFirst?: boolean;
}

function Field({ value, words, fill, isFirst = false }: FieldProps): VNode {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isFirst) input.current?.focus();
  }, [isFirst]);
  return (
    <label>
      {words}
      <input
        {...(fill === "current-password" ? HIDDEN : SHOWN)}
        autocomplete={fill}
        required
        ref={input}
        value={value.value}
        onInput={(event) => (value.value = event.currentTarget.value)}
      />
    </label>
  );
}
