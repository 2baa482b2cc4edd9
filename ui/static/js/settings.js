// The pages of settings: profile, credentials, users, storage.
import { call } from "./api.js";
import { ask, confirm } from "./dialog.js";
import { data, find, findAll, h, icon, url } from "./dom.js";
import { refresh } from "./live.js";
import { openMenu } from "./menu.js";
import { toast } from "./toast.js";

const done = async (text) => { await refresh(); toast(text, { kind: "done" }); };
const box = (id, title, text) => h("div", { class: "field" }, h("span", { class: "label", text: title }), h("div", { class: "copybox" }, h("pre", { id, tabindex: "0", text }), h("button", { class: "btn ghost square copy", type: "button", data: { copyFrom: id }, "aria-label": `Copy ${title}` }, icon("copy"))));

async function saveName(form) {
  await call("users.update", { user: form.dataset.user, name: form.elements.name.value.trim() });
  location.reload();
}

async function savePassword(form) {
  const { current, password, repeated } = form.elements;
  const error = find(".form-error", form);
  error.hidden = true;
  try {
    if (password.value !== repeated.value) throw new Error("The two new passwords differ");
    await call("auth.set_password", { password: password.value, ...(current.value && { current_password: current.value }) }, { quiet: true });
    form.reset();
    toast("The password is changed", { kind: "done" });
  } catch (problem) {
    error.textContent = problem.message;
    error.hidden = false;
  }
}

async function logOutEverywhere() {
  if (!(await confirm({ title: "Log out everywhere?", action: "Log out", danger: true, text: "Every browser that is logged in as you has to log in again, this one too." }))) return;
  await call("auth.logout", { everywhere: true });
  location.assign(url("/login"));
}

async function newKey() {
  const made = await ask({ title: "New credentials", action: "Create", fields: [{ name: "label", label: "Label", help: "Where they will be used: laptop, gpu-01, nightly jobs" }], submit: async ({ label }) => (await call("auth.create_credentials", { label }, { quiet: true })).credentials });
  if (!made) return;
  const fill = (text) => text.replace("{key}", made.access_key).replace("{secret}", made.secret_key);
  const texts = data("credential-texts");
  await refresh();
  await ask({
    title: "Save them now", action: "Done", kind: "wide", text: "The secret is not shown again.",
    extra: [box("new-configuration", "~/clearml.conf", fill(texts.configuration)), box("new-variables", "Or as variables of the environment", fill(texts.variables))],
  });
}

function keyMenu(button) {
  const { accessKey, label } = button.dataset;
  openMenu(button, [
    { label: "Change the label…", icon: "edit", run: async () => { if (await ask({ title: "Label", action: "Save", fields: [{ name: "label", label: "Label", value: label }], submit: (values) => call("auth.edit_credentials", { access_key: accessKey, label: values.label }, { quiet: true }) })) await refresh(); } },
    { label: "Copy the access key", icon: "copy", run: () => navigator.clipboard.writeText(accessKey) }, "-",
    { label: "Revoke…", icon: "trash", danger: true, run: async () => {
      if (!(await confirm({ title: `Revoke “${label || accessKey}”?`, action: "Revoke", danger: true, text: "Scripts and agents that use these credentials stop reporting at once. This can't be undone." }))) return;
      await call("auth.revoke_credentials", { access_key: accessKey });
      await done("Revoked");
    } },
  ]);
}

const facts = data("user-facts");

async function newUser() {
  const made = await ask({
    title: "New user", action: "Create",
    fields: [{ name: "name", label: "Name", required: true }, { name: "email", label: "E-mail", required: true, help: "Also the name to log in with, unless another is given." }, { name: "username", label: "Logs in as" }, { name: "role", label: "Role", type: "select", value: "user", options: facts.roles }, { name: "password", label: "Password", type: "password", help: "Empty: you get a link with which the user sets one." }],
    submit: async ({ name, email, username, role, password }) => {
      const { id } = await call("auth.create_user", { name, email, role, company: facts.company, ...(username && { username }), ...(password && { password }) }, { quiet: true });
      return { id, invited: !password };
    },
  });
  if (!made) return;
  await refresh();
  if (made.invited) await invite(made.id);
}

async function invite(user) {
  const { path } = await call("auth.create_login_link", { user });
  await ask({ title: "Login link", action: "Done", kind: "wide", text: "Good once, for a day. Who opens it is logged in as this user and can set a password.", extra: box("login-link", "Link", facts.web + path) });
}

async function edit(user, name, change, text) {
  await call("auth.edit_user", { user, ...change });
  await done(`${name}: ${text}`);
}

async function setPassword(user, name) {
  const set = await ask({ title: `New password of ${name}`, action: "Set password", text: "All sessions of the user end.", fields: [{ name: "password", label: "Password", type: "password", required: true }], submit: ({ password }) => call("auth.set_password", { user, password }, { quiet: true }) });
  if (set) await done(`${name} has a new password`);
}

async function removeUser(user, name) {
  if (!(await confirm({ title: `Delete the user “${name}”?`, action: "Delete user", danger: true, text: "The user's credentials and sessions end. Tasks, models and projects stay." }))) return;
  await call("users.delete", { user });
  await done(`Deleted ${name}`);
}

function userMenu(button) {
  const { user, name, role, disabled } = button.dataset;
  const own = user === facts.me;
  openMenu(button, [
    { heading: "Role" }, ...facts.roles.map(([key, label]) => ({ label, checked: key === role, disabled: own, run: () => edit(user, name, { role: key }, label) })), "-",
    { label: "Login link…", icon: "link", disabled: Boolean(disabled), run: () => invite(user) }, { label: "Set a password…", icon: "edit", disabled: own, run: () => setPassword(user, name) }, "-",
    { label: disabled ? "Let in again" : "Block", icon: disabled ? "check" : "stop", danger: !disabled, disabled: own, run: () => edit(user, name, { disabled: !disabled }, disabled ? "let in again" : "blocked") },
    ...(facts.mayDelete ? [{ label: "Delete…", icon: "trash", danger: true, disabled: own, run: () => removeUser(user, name) }] : []),
  ]);
}

const PLACES = { aws: "buckets", google: "buckets", azure: "containers" };
const FIELDS = {
  aws: [{ name: "bucket", label: "Bucket", required: true }, { name: "host", label: "Host", help: "For MinIO and others: minio.example.com:9000" }, { name: "key", label: "Access key" }, { name: "secret", label: "Secret", type: "password" }, { name: "region", label: "Region" }, { name: "secure", label: "HTTPS", type: "checkbox", value: true }],
  google: [{ name: "bucket", label: "Bucket", required: true }, { name: "project", label: "Project" }, { name: "subdir", label: "Folder" }, { name: "credentials_json", label: "Credentials (JSON)", type: "textarea", code: true }],
  azure: [{ name: "account_name", label: "Account", required: true }, { name: "account_key", label: "Account key", type: "password", required: true }, { name: "container_name", label: "Container" }],
};
const DEFAULTS = {
  aws: [{ name: "key", label: "Access key" }, { name: "secret", label: "Secret", type: "password" }, { name: "region", label: "Region" }, { name: "use_credentials_chain", label: "Use the credentials of the machine", type: "checkbox" }],
  google: [{ name: "project", label: "Project" }, { name: "credentials_json", label: "Credentials (JSON)", type: "textarea", code: true }],
};
const filled = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== "" && value !== null));
// a mask in the place of a secret keeps what is there
const current = async (service) => (await call("storage.get_settings")).settings[service] ?? {};

async function addPlace(service) {
  const added = await ask({
    title: service === "azure" ? "Add a container" : "Add a bucket", action: "Add", fields: FIELDS[service],
    submit: async (values) => { const before = await current(service); await call("storage.set_settings", { [service]: { ...before, [PLACES[service]]: [...(before[PLACES[service]] ?? []), filled(values)] } }, { quiet: true }); },
  });
  if (added) await done("Saved");
}

async function forgetPlace(service, at) {
  const before = await current(service);
  const place = before[PLACES[service]][at];
  const name = place.bucket ?? place.container_name ?? place.account_name;
  if (!(await confirm({ title: `Forget “${name}”?`, action: "Forget", danger: true, text: "Files there stay, but the server can no longer delete them with their tasks." }))) return;
  await call("storage.set_settings", { [service]: { ...before, [PLACES[service]]: before[PLACES[service]].filter((_, index) => index !== at) } });
  await done(`Forgot ${name}`);
}

async function editDefaults(service) {
  const before = await current(service);
  const saved = await ask({ title: "For all buckets", action: "Save", fields: DEFAULTS[service].map((field) => ({ ...field, value: before[field.name] ?? "" })), submit: (values) => call("storage.set_settings", { [service]: { ...filled(values), [PLACES[service]]: before[PLACES[service]] ?? [] } }, { quiet: true }) });
  if (saved) await done("Saved");
}

const CLICKS = {
  "[data-new-key]": newKey, "[data-key-menu]": keyMenu, "[data-new-user]": newUser, "[data-user-menu]": userMenu, "[data-logout-all]": logOutEverywhere,
  "[data-add]": (button) => addPlace(button.dataset.add), "[data-forget]": (button) => forgetPlace(button.dataset.forget, Number(button.dataset.at)), "[data-defaults]": (button) => editDefaults(button.dataset.defaults),
};
document.addEventListener("click", (event) => {
  for (const [selector, run] of Object.entries(CLICKS)) {
    const button = event.target.closest(selector);
    if (button) run(button);
  }
});
for (const form of findAll("[data-form]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ({ name: saveName, password: savePassword })[form.dataset.form](form);
  });
}
