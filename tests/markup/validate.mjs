// Reads pages from standard input, a JSON string a line, and answers each with a line: a JSON list of what is wrong.
import { createInterface } from "node:readline";
import { HtmlValidate, StaticConfigLoader } from "html-validate";

const loader = new StaticConfigLoader({
  root: true,
  extends: ["html-validate:recommended"],
  rules: {
    // Several boxes under one name are one answer of several parts.
    "form-dup-name": ["error", { shared: ["radio", "button", "submit", "reset", "checkbox"] }],
    // NHS.UK's templates say the role of a landmark beside its element, and make links look like buttons.
    "no-redundant-role": "off",
    "prefer-native-element": ["error", { exclude: ["button"] }],
    // Fields are named as the JSON that they become: fields.description.
    "valid-id": ["error", { relaxed: true }],
    // A page with scripts is seen as its browser writes it out: <script defer="">.
    "attribute-boolean-style": "off",
    "attribute-empty-style": "off",
    // How a telephone number may break over lines is the style sheet's business.
    "tel-non-breaking": "off",
  },
});
const validator = new HtmlValidate(loader);

// What was chosen before goes along unseen, several parts under one name too; nothing that is seen has their name.
function goesAlong(page, { ruleId, offset }) {
  if (ruleId !== "form-dup-name") return false;
  const name = /name="([^"]*)"/.exec(page.slice(page.lastIndexOf("<", offset)))[0];
  const form = page.slice(page.lastIndexOf("<form", offset), page.indexOf("</form>", offset));
  const fields = form.match(/<(?:input|select|textarea)\b[^>]*>/g) ?? [];
  return fields.filter((each) => each.includes(name)).every((each) => each.includes('type="hidden"'));
}

for await (const line of createInterface({ input: process.stdin })) {
  const page = JSON.parse(line);
  const report = await validator.validateString(page);
  const faults = report.results.flatMap((result) =>
    result.messages.filter((each) => !goesAlong(page, each)).map((each) => `${each.ruleId}: ${each.message} (line ${each.line}, ${each.selector})`),
  );
  process.stdout.write(`${JSON.stringify(faults)}\n`);
}
