/**
 * A server in a process of its own, so that what it holds in memory is not the client's: gives and takes bytes. Of each
 * upload it reads nothing more for half a second after the first part, so that a client that does not wait is found out.
 */
import { createServer } from "node:http"

const chunk = Buffer.alloc(256 * 1024, "x")

const giveBytes = (response, total) => {
  let left = total
  const writeMore = () => {
    while (left > 0) {
      const size = Math.min(left, chunk.length)
      left -= size
      if (!response.write(size === chunk.length ? chunk : chunk.subarray(0, size))) {
        response.once("drain", writeMore)
        return
      }
    }
    response.end()
  }
  response.writeHead(200, { "content-type": "audio/wav", "content-length": total })
  writeMore()
}

const server = createServer((request, response) => {
  const url = new URL(request.url, "http://127.0.0.1")
  if (request.method === "GET") {
    giveBytes(response, Number(url.searchParams.get("bytes")))
    return
  }
  let received = 0
  request.once("data", () => {
    request.pause()
    setTimeout(() => request.resume(), 500)
  })
  request.on("data", ({ length }) => {
    received += length
  })
  request.on("end", () => {
    response.setHeader("content-type", "application/json")
    response.end(
      JSON.stringify(url.pathname === "/oauth/token" ? { access_token: "a-token", expires_in: 3600 } : { received })
    )
  })
})

server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`))
