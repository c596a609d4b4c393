import { ApiProblem, problemFrom } from "./problem";

const TIMEOUT_MS = 30_000;

export interface RequestOptions {
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  /** Let the request outlive the page (at most 64 KiB of body). */
  keepalive?: boolean;
}

/**
 * Speaks JSON with the platform: session cookie, CSRF token, problem details.
 *
 * Only an answer that is JSON counts. A captive portal's page with status 200 is not an answer.
 */
export class Client {
  /** From `me` and `sign-in`; a newer one, of another tab's sign-in, is in the cookie. */
  csrfToken = "";

  constructor(
    private readonly send: typeof fetch = (...request) => fetch(...request),
    private readonly cookies: () => string = () => document.cookie,
  ) {}

  async get<Answer>(path: string): Promise<Answer> {
    return this.request<Answer>("GET", path, {});
  }

  async post<Answer>(path: string, options: RequestOptions = {}): Promise<Answer> {
    return this.request<Answer>("POST", path, options);
  }

  private async request<Answer>(
    method: "GET" | "POST",
    path: string,
    options: RequestOptions,
  ): Promise<Answer> {
    const response = await this.reach(method, path, options);
    const body = await bodyOf(response);
    if (!response.ok) throw problemFrom(response.status, body);
    return body as Answer;
  }

  private async reach(
    method: string,
    path: string,
    { body, headers = {}, keepalive = false }: RequestOptions,
  ): Promise<Response> {
    const init: RequestInit = {
      method,
      credentials: "same-origin",
      redirect: "manual",
      cache: "no-store",
      keepalive,
      headers: {
        Accept: "application/json",
        ...(method === "POST" ? this.headersOfChange() : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(keepalive ? {} : { signal: AbortSignal.timeout(TIMEOUT_MS) }),
    };
    try {
      return await this.send(path, init);
    } catch {
      throw new ApiProblem(0, "network", "");
    }
  }

  private headersOfChange(): Record<string, string> {
    const cookie = /(?:^|;\s*)(?:__Host-)?csrf=([^;]+)/.exec(this.cookies());
    return { "Content-Type": "application/json", "X-CSRFToken": cookie?.[1] ?? this.csrfToken };
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  if (response.status === 204) return null;
  const kind = response.headers.get("content-type") ?? "";
  if (!/^application\/(problem\+)?json\b/.test(kind)) {
    const status = response.ok ? 0 : response.status;
    throw new ApiProblem(status, "not_the_platform", "");
  }
  try {
    return (await response.json()) as unknown;
  } catch {
    throw new ApiProblem(0, "network", "");
  }
}
