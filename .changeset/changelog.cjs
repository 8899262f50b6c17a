/**
 * A changeset as an entry of CHANGELOG.md: its text, without the hash of a commit. Its links are relative to `.changeset`,
 * and the changelog is elsewhere, also on npm: they become links to the repository.
 */
const { homepage } = require("../package.json")

const absolute = (text) => text.replaceAll("](../", `](${homepage}/blob/main/`)

module.exports = {
  getReleaseLine: async ({ summary }) => {
    const [first, ...others] = absolute(summary).split("\n")
    return [`- ${first}`, ...others.map((line) => (line === "" ? line : `  ${line}`))].join("\n")
  },
  getDependencyReleaseLine: async (_, updated) =>
    updated.map(({ name, newVersion }) => `- For ${name} ${newVersion}.`).join("\n")
}
