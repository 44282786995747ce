// Salesforce's own SOQL grammar as a judge: statements as JSON lines on stdin, one verdict a line on stdout.
// argv[2] is the node_modules folder with @salesforce/soql-common and its antlr4ts.
'use strict';
const path = require('path');
const readline = require('readline');
const { SOQLParser } = require(path.join(process.argv[2], '@salesforce/soql-common/lib/soql-parser'));

const parser = SOQLParser({ isApex: false, isMultiCurrencyEnabled: true, apiVersion: 62.0 });
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const result = parser.parseQuery(JSON.parse(line));
  const errors = result.getParserErrors().map((error) => error.getMessage());
  process.stdout.write(`${JSON.stringify({ accepted: result.getSuccess(), errors })}\n`);
});
