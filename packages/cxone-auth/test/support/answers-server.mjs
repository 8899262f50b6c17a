/**
 * Answers `/{status}/{body}/...` with that status and that kind of body. `/report` says which paths were asked for, and for
 * which of them the answer has not ended: it is not sent as a whole, and its connection is there. It is a process of its
 * own, so that a test measures only the client's memory.
 */
import { createServer } from "node:http"
import { gzipSync } from "node:zlib"

const text = (length) => JSON.stringify("x".repeat(length - 2))
const whole = {
  none: "",
  small: text(100),
  "8 KiB and a byte": text(8 * 1024 + 1),
  "5 MB": text(5_000_000),
  gzip: gzipSync(text(100_000))
}
const part = Buffer.alloc(64 * 1024, " ")

const writeForever = (response) => {
  const writeMore = () => {
    while (response.writable && response.write(part)) {}
  }
  response.on("drain", writeMore)
  writeMore()
}

const partial = {
  stalled: (response) => response.write('{"error":'),
  endless: writeForever,
  cut: (response) => response.write('{"error":', () => setTimeout(() => response.destroy(), 50))
}

const asked = new Set()
const open = new Set()

const server = createServer((request, response) => {
  if (request.url === "/report") {
    response.setHeader("content-type", "application/json").end(JSON.stringify({ asked: [...asked], open: [...open] }))
    return
  }
  const path = decodeURIComponent(request.url)
  const [, status, body] = path.split("/")
  asked.add(path)
  open.add(path)
  response.on("error", () => {})
  response.on("close", () => open.delete(path))
  response.writeHead(Number(status), {
    "content-type": "application/json",
    ...(body === "gzip" ? { "content-encoding": "gzip" } : {}),
    ...(status === "503" ? { "retry-after": "30" } : {})
  })
  if (body in whole) {
    response.end(whole[body])
  } else {
    partial[body](response)
  }
})

server.listen(0, "127.0.0.1", () => console.log(server.address().port))
