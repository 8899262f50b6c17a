/** An `XMLHttpRequest` outside of a browser: as much of it as @effect/platform-browser uses, over `fetch`. */
export class FetchedXmlHttpRequest extends EventTarget {
  readyState = 0
  status = 0
  statusText = ""
  responseText = ""
  responseType = ""
  onreadystatechange: (() => void) | null = null
  onerror: ((event: Event) => void) | null = null
  readonly #controller = new AbortController()
  readonly #headers = new Headers()
  #received = new Headers()
  #request: readonly [method: string, url: string] = ["GET", ""]

  get response(): string {
    return this.responseText
  }

  open(method: string, url: string): void {
    this.#request = [method, url]
  }

  setRequestHeader(name: string, value: string): void {
    this.#headers.append(name, value)
  }

  getAllResponseHeaders(): string {
    return [...this.#received].map(([name, value]) => `${name}: ${value}\r\n`).join("")
  }

  abort(): void {
    this.#controller.abort()
  }

  send(body?: NonNullable<RequestInit["body"]>): void {
    const [method, url] = this.#request
    const init = { method, headers: this.#headers, signal: this.#controller.signal, ...(body ? { body } : {}) }
    fetch(url, init).then(
      async (response) => {
        this.status = response.status
        this.#received = response.headers
        this.#enter(2)
        this.responseText = await response.text()
        this.#enter(4)
      },
      () => this.onerror?.(new Event("error"))
    )
  }

  #enter(readyState: number): void {
    this.readyState = readyState
    this.onreadystatechange?.()
    this.dispatchEvent(new Event("readystatechange"))
  }
}
