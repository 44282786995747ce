/*-------------------------------------------------------------------------
 *
 * statement.c
 *		Which server the options belong to that are being validated.
 *
 * PostgreSQL gives a validator the options and the catalog only.  The client's
 * statement says the rest, when it is the statement that sets them; inside
 * functions it is not, and then nobody knows.
 *
 *-------------------------------------------------------------------------
 */
#include "multicorn.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_user_mapping.h"
#include "foreign/foreign.h"
#include "nodes/parsenodes.h"
#include "tcop/pquery.h"
#include "utils/lsyscache.h"

static Node *
client_statement(void)
{
	PlannedStmt *statement;

	if (ActivePortal == NULL || list_length(ActivePortal->stmts) != 1)
		return NULL;
	statement = linitial_node(PlannedStmt, ActivePortal->stmts);
	return statement->commandType == CMD_UTILITY ? statement->utilityStmt : NULL;
}

static Oid
server_of_table(RangeVar *table)
{
	Oid			relid = RangeVarGetRelid(table, NoLock, true);

	if (!OidIsValid(relid) || get_rel_relkind(relid) != RELKIND_FOREIGN_TABLE)
		return InvalidOid;
	return GetForeignTable(relid)->serverid;
}

static Oid
server_named(const char *name)
{
	return get_foreign_server_oid(name, true);
}

/*
 * The server whose user mapping, table or column the statement is about, or
 * InvalidOid.
 */
Oid
mc_server_being_given_options(Oid catalog)
{
	Node	   *statement = client_statement();
	bool		is_mapping = catalog == UserMappingRelationId;

	if (statement == NULL)
		return InvalidOid;
	switch (nodeTag(statement))
	{
		case T_CreateUserMappingStmt:
			return is_mapping ? server_named(((CreateUserMappingStmt *) statement)->servername) : InvalidOid;
		case T_AlterUserMappingStmt:
			return is_mapping ? server_named(((AlterUserMappingStmt *) statement)->servername) : InvalidOid;
		case T_CreateForeignTableStmt:
			return is_mapping ? InvalidOid : server_named(((CreateForeignTableStmt *) statement)->servername);
		case T_ImportForeignSchemaStmt:
			return is_mapping ? InvalidOid : server_named(((ImportForeignSchemaStmt *) statement)->server_name);
		case T_AlterTableStmt:
			return is_mapping ? InvalidOid : server_of_table(((AlterTableStmt *) statement)->relation);
		default:
			return InvalidOid;
	}
}
