// Records one by one and by the hundred, queries and their pages, descriptions, composite requests.
"use strict";
const { Connection } = require("jsforce");

function open(given) {
  return new Connection({ instanceUrl: given.url, accessToken: given.token, version: given.version || "62.0" });
}

function thin({ attributes, ...record }) {
  return { ...record, type: attributes.type, url: attributes.url };
}

exports.describe = async (given) => {
  const connection = open(given);
  const everything = await connection.describeGlobal();
  const one = await connection.sobject(given.object).describe();
  const all = {};
  for (const { name } of everything.sobjects.filter((entry) => entry.queryable)) {
    all[name] = (await connection.describe(name)).fields.length;
  }
  return { everything, one, all };
};

exports.live = async (given, refusal) => {
  const gadgets = open(given).sobject("Gadget__c");
  const created = await gadgets.create(given.values);
  const read = thin(await gadgets.retrieve(created.id));
  const updated = await gadgets.update({ Id: created.id, ...given.changes });
  const changed = thin(await gadgets.retrieve(created.id, { fields: Object.keys(given.changes) }));
  const refused = await gadgets.create(given.bad).then(() => null, refusal);
  const other = await gadgets.create({ Name: "Short-lived", Key__c: "short" });
  const destroyed = await gadgets.destroy(other.id);
  const gone = await gadgets.retrieve(other.id).then(() => null, refusal);
  return { created, read, updated, changed, refused, destroyed, gone, other: other.id };
};

exports.upsert = async (given, refusal) => {
  const gadgets = open(given).sobject("Gadget__c");
  const first = await gadgets.upsert({ Key__c: given.key, Name: "Made", Size__c: 1.5 }, "Key__c");
  const second = await gadgets.upsert({ Key__c: given.key, Size__c: 2.25 }, "Key__c");
  const many = await gadgets.upsert(given.records, "Key__c");
  const refused = await gadgets.upsert({ Name: "no such key", Color__c: "x" }, "Color__c").then(() => null, refusal);
  return { first, second, many, refused };
};

exports.collections = async (given, refusal) => {
  const connection = open(given);
  const many = { allowRecursive: true };
  const created = await connection.create("Gadget__c", given.records, many);
  const ids = created.filter((result) => result.success).map((result) => result.id);
  const fields = ["Id", "Name", "Key__c", "Size__c"];
  const retrieved = await connection.sobject("Gadget__c").retrieve(ids, { fields });
  const changes = ids.map((Id, place) => ({ Id, Size__c: place + 0.5 }));
  const updated = await connection.update("Gadget__c", changes, many);
  const destroyed = await connection.destroy("Gadget__c", ids.slice(0, given.destroyed), many);
  const tooMany = await connection.create("Gadget__c", given.records).then(() => null, refusal);
  const wholly = await connection.create("Gadget__c", given.spoiled, { allOrNone: true }).then((done) => done, refusal);
  return { created, retrieved: retrieved.map(thin), updated, destroyed, tooMany, wholly };
};

exports.pages = async (given) => {
  const connection = open(given);
  const sizes = [];
  const records = [];
  let result = await connection.query(given.soql);
  const { totalSize } = result;
  for (;;) {
    sizes.push(result.records.length);
    records.push(...result.records.map(thin));
    if (result.done) break;
    result = await connection.queryMore(result.nextRecordsUrl);
  }
  const fetched = await connection.query(given.soql, { autoFetch: true, maxFetch: 1e6 });
  return { totalSize, sizes, records, fetched: fetched.records.length };
};

exports.search = async (given) => {
  const connection = open(given);
  const found = await connection
    .sobject("Account")
    .find({ Name: { $like: "Parent%" } }, { Id: 1, Name: 1, "Owner.Username": 1 })
    .include("Contacts")
    .select("Id, LastName")
    .sort("LastName")
    .end()
    .sort("Name")
    .execute();
  const counted = await connection.sobject("Account").count({ Name: { $like: "Parent%" } });
  const deleted = await connection.query("SELECT Id FROM Contact WHERE IsDeleted = true", { scanAll: true });
  return { found, counted, deleted: deleted.records.map((record) => record.Id) };
};

exports.composite = async (given) => {
  const connection = open(given);
  const path = `/services/data/v${connection.version}`;
  const steps = [
    { method: "POST", url: `${path}/sobjects/Account`, referenceId: "parent", body: { Name: "Composed" } },
    {
      method: "POST",
      url: `${path}/sobjects/Contact`,
      referenceId: "child",
      body: { LastName: "Child", AccountId: "@{parent.id}" },
    },
    {
      method: "GET",
      url: `${path}/query?q=SELECT+Account.Name+FROM+Contact+WHERE+Id='@{child.id}'`,
      referenceId: "look",
    },
  ];
  const good = await connection.requestPost(`${path}/composite`, { allOrNone: true, compositeRequest: steps });
  const spoiled = [
    { ...steps[0], body: { Name: "Rolled back" } },
    { ...steps[1], body: { FirstName: "Nobody", AccountId: "@{parent.id}" } },
  ];
  const bad = await connection.requestPost(`${path}/composite`, { allOrNone: true, compositeRequest: spoiled });
  return { good, bad };
};

exports.limits = async (given) => {
  const connection = open(given);
  const limits = await connection.limits();
  await connection.query("SELECT Id FROM Account LIMIT 1");
  return { limits, usage: connection.limitInfo.apiUsage };
};

exports.replication = async (given) => {
  const leads = open(given).sobject("Lead");
  const kept = await leads.create({ LastName: "Kept", Company: "C" });
  const lost = await leads.create({ LastName: "Lost", Company: "C" });
  await leads.destroy(lost.id);
  const window = [new Date(Date.now() - 3600e3), new Date(Date.now() + 120e3)];
  return {
    kept: kept.id,
    lost: lost.id,
    updated: await leads.updated(...window),
    deleted: await leads.deleted(...window),
  };
};
