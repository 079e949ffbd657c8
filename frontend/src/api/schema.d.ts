// Made from openapi.json by `make openapi`; changed by no hand.
export interface paths {
    "/api/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign in with email and password
         * @description For everybody.
         */
        post: operations["sign_in"];
        /**
         * Sign out: end this session at once
         * @description For everybody.
         */
        delete: operations["sign_out"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Get new tokens for the refresh token in the cookie
         * @description For everybody.
         */
        post: operations["refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who makes the request
         * @description For who is signed in. Tokens need the scope `read`.
         */
        get: operations["get_me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List where you are signed in, newest first
         * @description For who is signed in. Tokens need the scope `read`.
         */
        get: operations["list_sessions"];
        put?: never;
        post?: never;
        /**
         * Sign out everywhere else
         * @description For who is signed in. Tokens need the scope `write`.
         */
        delete: operations["end_other_sessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me/sessions/{session_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Sign out in one place
         * @description For who is signed in. Tokens need the scope `write`.
         */
        delete: operations["end_session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Change your own password; all your other sessions end
         * @description For who is signed in. Tokens need the scope `write`.
         */
        post: operations["change_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether the first admin is still missing
         * @description For everybody.
         */
        get: operations["get_setup"];
        put?: never;
        /**
         * Become the first admin by the set-up link, and sign in
         * @description For everybody.
         */
        post: operations["set_up"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List people
         * @description For editors and admins. Tokens need the scope `read`.
         */
        get: operations["list_users"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One person
         * @description For editors and admins. Tokens need the scope `read`.
         */
        get: operations["get_user"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change a person's name, role, state or claims
         * @description For admins. Tokens need the scope `write`.
         */
        patch: operations["change_user"];
        trace?: never;
    };
    "/api/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List groups
         * @description For editors and admins. Tokens need the scope `read`.
         */
        get: operations["list_groups"];
        put?: never;
        /**
         * Create a group
         * @description For admins. Tokens need the scope `write`.
         */
        post: operations["create_group"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/groups/{group_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One group
         * @description For editors and admins. Tokens need the scope `read`.
         */
        get: operations["get_group"];
        put?: never;
        post?: never;
        /**
         * Delete a group, and what was granted to it
         * @description For admins. Tokens need the scope `write`.
         */
        delete: operations["delete_group"];
        options?: never;
        head?: never;
        /**
         * Rename a group
         * @description For admins. Tokens need the scope `write`.
         */
        patch: operations["rename_group"];
        trace?: never;
    };
    "/api/groups/{group_id}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List who is in a group
         * @description For editors and admins. Tokens need the scope `read`.
         */
        get: operations["list_members"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/groups/{group_id}/members/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Add somebody to a group
         * @description For admins. Tokens need the scope `write`.
         */
        put: operations["add_member"];
        post?: never;
        /**
         * Take somebody out of a group
         * @description For admins. Tokens need the scope `write`.
         */
        delete: operations["remove_member"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the invitations that wait, newest first
         * @description For admins. Tokens need the scope `read`.
         */
        get: operations["list_invitations"];
        put?: never;
        /**
         * Invite somebody; the answer holds the link, this once
         * @description For admins. Tokens need the scope `write`.
         */
        post: operations["invite"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/invitations/{invitation_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Take an invitation back
         * @description For admins. Tokens need the scope `write`.
         */
        delete: operations["revoke_invitation"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/invitations/inspect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Whom an invitation is for
         * @description For everybody.
         */
        post: operations["inspect_invitation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/invitations/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accept an invitation, and sign in
         * @description For everybody.
         */
        post: operations["accept_invitation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/password-resets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make a link by which somebody sets a new password
         * @description For admins. Tokens need the scope `write`.
         */
        post: operations["create_reset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/password-resets/inspect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Whom a link is for
         * @description For everybody.
         */
        post: operations["inspect_reset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/password-resets/use": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set a new password by the link; all sessions of the person end
         * @description For everybody.
         */
        post: operations["use_reset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List personal tokens, newest first
         * @description For who is signed in. Tokens need the scope `read`.
         */
        get: operations["list_tokens"];
        put?: never;
        /**
         * Make a personal token; the answer holds it, this once
         * @description For who is signed in. Tokens need the scope `write`.
         */
        post: operations["create_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens/{token_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke a personal token
         * @description For who is signed in. Tokens need the scope `write`.
         */
        delete: operations["revoke_token"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/grants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the rights on an object, oldest first
         * @description For who is signed in. Tokens need the scope `read`.
         */
        get: operations["list_grants"];
        put?: never;
        /**
         * Give a right on an object, in place of the one before
         * @description For who is signed in. Tokens need the scope `write`.
         */
        post: operations["give_grant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/grants/{grant_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Withdraw a right
         * @description For who is signed in. Tokens need the scope `write`.
         */
        delete: operations["withdraw_grant"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/grants/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What one person may do to an object, and why
         * @description For who is signed in. Tokens need the scope `read`.
         */
        get: operations["explain"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the connections that you may view
         * @description For who is signed in. Tokens need the scope `read`.
         */
        get: operations["list_connections"];
        put?: never;
        /**
         * Save a connection
         * @description For editors and admins. Tokens need the scope `write`.
         */
        post: operations["create_connection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connections/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try out a connection that is not saved
         * @description For editors and admins. Tokens need the scope `write`.
         */
        post: operations["run_draft_test"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connections/{connection_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a connection
         * @description For who is signed in. Tokens need the scope `read`.
         */
        get: operations["get_connection"];
        put?: never;
        post?: never;
        /**
         * Delete a connection
         * @description For editors and admins. Tokens need the scope `write`.
         */
        delete: operations["delete_connection"];
        options?: never;
        head?: never;
        /**
         * Change a connection
         * @description For editors and admins. Tokens need the scope `write`.
         */
        patch: operations["change_connection"];
        trace?: never;
    };
    "/api/connections/{connection_id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try out a saved connection, or changes to it
         * @description For editors and admins. Tokens need the scope `write`.
         */
        post: operations["run_test"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connections/{connection_id}/schema": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show what there is in the database
         * @description For editors and admins. Tokens need the scope `read`.
         */
        get: operations["get_schema"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/connections/{connection_id}/schema/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Read the schema again
         * @description For editors and admins. Tokens need the scope `write`.
         */
        post: operations["refresh_schema"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List what was asked, the latest first
         * @description For editors and admins. Tokens need the scope `read`.
         */
        get: operations["list_queries"];
        put?: never;
        /**
         * Ask a connection in SQL
         * @description For editors and admins. Tokens need the scope `write`.
         */
        post: operations["ask_query"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queries/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reset the session: cancel your queries, close connections, drop your results
         * @description For editors and admins. Tokens need the scope `write`.
         */
        post: operations["reset_session"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queries/{query_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a query with its first rows
         * @description For editors and admins. Tokens need the scope `read`.
         */
        get: operations["get_query"];
        put?: never;
        post?: never;
        /**
         * Cancel a query
         * @description For editors and admins. Tokens need the scope `write`.
         */
        delete: operations["cancel_query"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queries/{query_id}/rows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a page of rows, or with Accept: text/csv or application/x-ndjson a file of them all
         * @description For editors and admins. Tokens need the scope `read`.
         */
        get: operations["get_rows"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queries/{query_id}/cell": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download a whole cell
         * @description For editors and admins. Tokens need the scope `read`.
         */
        get: operations["get_cell"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queries/{query_id}/cell-link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a short cell, or where a long one is
         * @description For editors and admins. Tokens need the scope `read`.
         */
        get: operations["link_cell"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queries/{query_id}/values": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show what stands in a column of the whole result
         * @description For editors and admins. Tokens need the scope `read`.
         */
        get: operations["get_values"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queries/{query_id}/view": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sort and filter the whole result, as a new query
         * @description For editors and admins. Tokens need the scope `write`.
         */
        post: operations["view_query"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queries/{query_id}/again": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask an earlier query again
         * @description For editors and admins. Tokens need the scope `write`.
         */
        post: operations["ask_again"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/exports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List your exports, the latest first
         * @description For editors and admins. Tokens need the scope `read`.
         */
        get: operations["list_exports"];
        put?: never;
        /**
         * Export the rows of a query, or what SQL gives, as a file
         * @description For editors and admins. Tokens need the scope `write`.
         */
        post: operations["create_export"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/exports/{export_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show an export, with a link to its file
         * @description For editors and admins. Tokens need the scope `read`.
         */
        get: operations["get_export"];
        put?: never;
        post?: never;
        /**
         * Cancel an export, or remove its file
         * @description For editors and admins. Tokens need the scope `write`.
         */
        delete: operations["delete_export"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit-events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List what was done, newest first
         * @description For admins. Tokens need the scope `read`.
         */
        get: operations["list_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit-events/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export what was done, oldest first, as NDJSON or CSV
         * @description For admins. Tokens need the scope `read`.
         */
        get: operations["export_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit-events/export-link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export what was done, and answer where the file is
         * @description For admins. Tokens need the scope `read`.
         */
        get: operations["link_export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Say whether Heliograph can do its work
         * @description For everybody.
         */
        get: operations["get_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The API's own description, in OpenAPI 3.1
         * @description For everybody.
         */
        get: operations["get_openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Acceptance
         * @description Who accepts an invitation.
         */
        Acceptance: {
            token: string;
            name: string;
            password: string;
        };
        /**
         * AskedExport
         * @description What is to become a file: the rows of a query, or what SQL gives; never both.
         *
         *     ``params``, ``max_rows`` and ``time_zone`` belong to ``sql``. The file is called by ``title``,
         *     else by the connection, and the day.
         */
        AskedExport: {
            /** @default null */
            query_id: string | null;
            /** @default null */
            connection_id: string | null;
            /** @default null */
            sql: string | null;
            params?: unknown[] | {
                [key: string]: unknown;
            };
            /**
             * @description Fewer than the connection admits.
             * @default null
             */
            max_rows: number | null;
            /** @default null */
            time_zone: string | null;
            format: components["schemas"]["FileFormat"];
            /**
             * @description Neutralises text that a spreadsheet would run as a formula.
             * @default true
             */
            guard_formulas: boolean;
            /** @default null */
            title: string | null;
        };
        /**
         * AskedQuery
         * @description A question. ``params`` is a list for ``$1`` and an object for ``{{name}}``.
         */
        AskedQuery: {
            /** Format: uuid */
            connection_id: string;
            sql: string;
            params?: unknown[] | {
                [key: string]: unknown;
            };
            /**
             * @description Fewer than the connection admits.
             * @default null
             */
            max_rows: number | null;
            /**
             * @description How long to wait for the answer; 0 queues at once.
             * @default 10
             */
            wait_seconds: number;
            /**
             * @description How old an answer may be, 0 asks anew; unless given, the connection says it.
             * @default null
             */
            cache_seconds: number | null;
            /**
             * @description Goes on when nobody asks about it any more.
             * @default false
             */
            detached: boolean;
            /** @default null */
            time_zone: string | null;
            /**
             * @description How many of the first rows to answer with.
             * @default 10000
             */
            limit: number;
        };
        /**
         * AskedView
         * @description How the whole result is to be sorted and filtered.
         */
        AskedView: {
            sort?: components["schemas"]["ViewSort"][];
            filter?: components["schemas"]["ViewFilter"][];
            /**
             * @description How long to wait for the answer; 0 queues at once.
             * @default 10
             */
            wait_seconds: number;
            /**
             * @description How many of the first rows to answer with.
             * @default 10000
             */
            limit: number;
        };
        /**
         * AuditEventAnswer
         * @description One thing that somebody did; ``before`` and ``after`` hold what changed.
         */
        AuditEventAnswer: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor_kind: string;
            actor_id: string | null;
            actor_email: string | null;
            action: string;
            object_type: string | null;
            object_id: string | null;
            object_name: string | null;
            before: {
                [key: string]: unknown;
            } | null;
            after: {
                [key: string]: unknown;
            } | null;
            address: string | null;
            user_agent: string | null;
            request_id: string | null;
        };
        /**
         * AuditEventsAnswer
         * @description A page of events, newest first.
         */
        AuditEventsAnswer: {
            items: components["schemas"]["AuditEventAnswer"][];
            next: string | null;
        };
        /**
         * AuditExportAnswer
         * @description Where the file is; ``url`` is a secret that ends after 15 minutes.
         */
        AuditExportAnswer: {
            url: string;
        };
        /**
         * CellAnswer
         * @description A whole cell: ``text`` when it is short, else ``url``, a link to it that ends soon.
         *
         *     Both are null for NULL.
         */
        CellAnswer: {
            text: string | null;
            url: string | null;
        };
        /**
         * ChangedConnection
         * @description What is to be different: what is absent stays, null clears what may be empty.
         *
         *     With ``version``, the change is made only to the version that was seen.
         */
        ChangedConnection: {
            /** @constant */
            engine?: "postgres";
            host?: string;
            port?: number;
            database?: string;
            username?: string;
            /** @enum {string} */
            ssl_mode?: "disable" | "prefer" | "require" | "verify-ca" | "verify-full";
            ssl_root_cert?: string | null;
            password?: string | null;
            name?: string;
            max_concurrency?: number;
            statement_timeout_seconds?: number;
            max_rows?: number;
            /** @enum {string} */
            identity?: "user" | "none";
            cache_seconds?: number;
            role_limits?: components["schemas"]["RoleLimits"];
            /** @enum {string} */
            history_values?: "kept" | "hashed" | "dropped";
            /** @default null */
            version: number | null;
        };
        /**
         * ColumnAnswer
         * @description A column: ``type`` is the database's name of its type, ``kind`` what that means to a page.
         */
        ColumnAnswer: {
            name: string;
            type: string;
            kind: string;
        };
        /**
         * ConnectionAnswer
         * @description A connection. Viewers get its id and name; the rest is null for them.
         */
        ConnectionAnswer: {
            /** Format: uuid */
            id: string;
            name: string;
            can_edit: boolean;
            /** @default null */
            engine: "postgres" | null;
            /** @default null */
            host: string | null;
            /** @default null */
            port: number | null;
            /** @default null */
            database: string | null;
            /** @default null */
            username: string | null;
            /** @default null */
            has_password: boolean | null;
            /** @default null */
            ssl_mode: ("disable" | "prefer" | "require" | "verify-ca" | "verify-full") | null;
            /** @default null */
            ssl_root_cert: string | null;
            /** @default null */
            max_concurrency: number | null;
            /** @default null */
            statement_timeout_seconds: number | null;
            /** @default null */
            max_rows: number | null;
            /** @default null */
            identity: ("user" | "none") | null;
            /** @default null */
            cache_seconds: number | null;
            /** @default null */
            role_limits: {
                [key: string]: {
                    [key: string]: number;
                };
            } | null;
            /** @default null */
            history_values: ("kept" | "hashed" | "dropped") | null;
            /** @default null */
            version: number | null;
            /** @default null */
            created_at: string | null;
            /** @default null */
            created_by: string | null;
            /** @default null */
            updated_at: string | null;
            /** @default null */
            updated_by: string | null;
        };
        /**
         * ConnectionTestAnswer
         * @description The steps that were made; the last one is the first that failed.
         */
        ConnectionTestAnswer: {
            ok: boolean;
            steps: components["schemas"]["StepAnswer"][];
        };
        /**
         * ConnectionsAnswer
         * @description A page of the list, by name.
         */
        ConnectionsAnswer: {
            items: components["schemas"]["ConnectionAnswer"][];
            next: string | null;
        };
        /**
         * Direction
         * @description Which way a column is sorted.
         * @enum {string}
         */
        Direction: "asc" | "desc";
        /**
         * ExplanationAnswer
         * @description What a person may do to an object, and why. ``level`` is null for nothing.
         */
        ExplanationAnswer: {
            /** Format: uuid */
            user_id: string;
            user_name: string;
            level: components["schemas"]["Level"] | null;
            reasons: components["schemas"]["ReasonAnswer"][];
        };
        /**
         * ExportAnswer
         * @description An export. ``url`` downloads the file and is a secret that ends after 15 minutes.
         *
         *     ``progress`` goes from 0 to 1 where it is known how many rows there will be. ``expires_at`` is
         *     when the file is removed; then the export is ``expired``. ``notes`` say all that is not in the
         *     file as the database has it.
         */
        ExportAnswer: {
            /** Format: uuid */
            id: string;
            /** @description queued, running, succeeded, failed, canceled or expired. */
            state: string;
            query_id: string | null;
            connection_id: string | null;
            title: string;
            format: string;
            guard_formulas: boolean;
            /** Format: date-time */
            requested_at: string;
            finished_at: string | null;
            progress: number | null;
            rows_so_far: number | null;
            row_count: number | null;
            bytes: number | null;
            filename: string | null;
            url: string | null;
            expires_at: string | null;
            truncated: boolean;
            notes: string[];
            error: components["schemas"]["QueryErrorAnswer"] | null;
        };
        /**
         * ExportBegunAnswer
         * @description An export under way; ask again, or at ``/api/exports/{id}``.
         */
        ExportBegunAnswer: {
            /** Format: uuid */
            export_id: string;
            state: string;
        };
        /**
         * ExportFormat
         * @description How exported events are written.
         * @enum {string}
         */
        ExportFormat: "ndjson" | "csv";
        /**
         * ExportListAnswer
         * @description A page of one's own exports, the latest first; ``url`` is null in all of them.
         */
        ExportListAnswer: {
            items: components["schemas"]["ExportAnswer"][];
            next: string | null;
        };
        /**
         * FileFormat
         * @description What a file of an export is written as.
         * @enum {string}
         */
        FileFormat: "csv" | "xlsx" | "ndjson";
        /**
         * GrantAnswer
         * @description A right. Its object is the one that was asked about, or one that it lies in.
         */
        GrantAnswer: {
            /** Format: uuid */
            id: string;
            object_type: string;
            /** Format: uuid */
            object_id: string;
            object_name: string | null;
            grantee: components["schemas"]["GranteeAnswer"];
            level: components["schemas"]["Level"];
            created_at: string | null;
        };
        /**
         * GrantRequest
         * @description A right to give, in place of what the grantee has on the object.
         */
        GrantRequest: {
            object_type: string;
            /** Format: uuid */
            object_id: string;
            grantee: components["schemas"]["GranteeRequest"];
            level: components["schemas"]["Level"];
        };
        /**
         * GranteeAnswer
         * @description To whom a right was given.
         */
        GranteeAnswer: {
            type: components["schemas"]["GranteeType"];
            id: string | null;
            name: string | null;
        };
        /**
         * GranteeRequest
         * @description To whom. ``id`` is left out for everyone.
         */
        GranteeRequest: {
            type: components["schemas"]["GranteeType"];
            /** @default null */
            id: string | null;
        };
        /**
         * GranteeType
         * @description To whom something is granted.
         * @enum {string}
         */
        GranteeType: "user" | "group" | "everyone";
        /**
         * GrantsAnswer
         * @description A page of rights, oldest first.
         */
        GrantsAnswer: {
            items: components["schemas"]["GrantAnswer"][];
            next: string | null;
        };
        /**
         * GroupAnswer
         * @description A group.
         */
        GroupAnswer: {
            /** Format: uuid */
            id: string;
            name: string;
            member_count: number;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        /**
         * GroupRequest
         * @description A group as it shall be.
         */
        GroupRequest: {
            name: string;
        };
        /**
         * GroupsAnswer
         * @description A page of groups, by name.
         */
        GroupsAnswer: {
            items: components["schemas"]["GroupAnswer"][];
            next: string | null;
        };
        /**
         * HealthAnswer
         * @description How Heliograph is: ``degraded`` when something should be mended, but it does its work.
         */
        HealthAnswer: {
            status: components["schemas"]["HealthStatus"];
            version: string;
            checks: components["schemas"]["HealthCheckAnswer"][];
        };
        /**
         * HealthCheckAnswer
         * @description One thing that was looked at; ``message`` and ``fix`` are for admins alone.
         */
        HealthCheckAnswer: {
            name: string;
            ok: boolean;
            /** @default null */
            message: string | null;
            /** @default null */
            fix: string | null;
        };
        /**
         * HealthStatus
         * @description Everything is well; something should be mended; it cannot do its work.
         * @enum {string}
         */
        HealthStatus: "ok" | "degraded" | "failing";
        /**
         * InvitationAnswer
         * @description An invitation that waits for its person.
         */
        InvitationAnswer: {
            /** Format: uuid */
            id: string;
            email: string;
            role: components["schemas"]["Role"];
            group_ids: string[];
            created_by: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string;
        };
        /**
         * InvitationRequest
         * @description Whom to invite, as what, into which groups.
         */
        InvitationRequest: {
            email: string;
            role: components["schemas"]["Role"];
            /** @default [] */
            group_ids: string[];
        };
        /**
         * InvitationsAnswer
         * @description A page of the invitations that wait, newest first.
         */
        InvitationsAnswer: {
            items: components["schemas"]["InvitationAnswer"][];
            next: string | null;
        };
        /**
         * Level
         * @description What a grant permits. ``edit`` permits what ``view`` does, and to share.
         * @enum {string}
         */
        Level: "view" | "edit";
        /**
         * LinkEmail
         * @description Whom a link is for.
         */
        LinkEmail: {
            email: string;
        };
        /**
         * LinkToken
         * @description What stands in the link after ``#token=``.
         */
        LinkToken: {
            token: string;
        };
        /**
         * MeAnswer
         * @description Who makes the request. ``scopes`` is null for a person who is signed in.
         */
        MeAnswer: {
            /** Format: uuid */
            id: string;
            email: string;
            name: string;
            role: components["schemas"]["Role"];
            groups: components["schemas"]["MyGroupAnswer"][];
            claims: {
                [key: string]: string;
            };
            scopes: components["schemas"]["Scope"][] | null;
            session_id: string | null;
        };
        /**
         * MyGroupAnswer
         * @description A group that the person is in.
         */
        MyGroupAnswer: {
            /** Format: uuid */
            id: string;
            name: string;
        };
        /**
         * MySessionAnswer
         * @description A place where the person is signed in.
         */
        MySessionAnswer: {
            /** Format: uuid */
            id: string;
            address: string | null;
            user_agent: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            last_used_at: string;
            /** Format: date-time */
            expires_at: string;
            is_current: boolean;
        };
        /**
         * MySessionsAnswer
         * @description A page of sessions, newest first.
         */
        MySessionsAnswer: {
            items: components["schemas"]["MySessionAnswer"][];
            next: string | null;
        };
        /**
         * NewConnection
         * @description A connection to be made. Only host, database, username and name have no default.
         */
        NewConnection: {
            /**
             * @default postgres
             * @constant
             */
            engine: "postgres";
            host: string;
            /** @default 5432 */
            port: number;
            database: string;
            username: string;
            /**
             * @default prefer
             * @enum {string}
             */
            ssl_mode: "disable" | "prefer" | "require" | "verify-ca" | "verify-full";
            /** @default null */
            ssl_root_cert: string | null;
            /** @default null */
            password: string | null;
            name: string;
            /** @default 5 */
            max_concurrency: number;
            /** @default 60 */
            statement_timeout_seconds: number;
            /** @default 1000000 */
            max_rows: number;
            /**
             * @default user
             * @enum {string}
             */
            identity: "user" | "none";
            /** @default 0 */
            cache_seconds: number;
            role_limits?: components["schemas"]["RoleLimits"];
            /**
             * @default kept
             * @enum {string}
             */
            history_values: "kept" | "hashed" | "dropped";
        };
        /**
         * NewInvitationAnswer
         * @description An invitation with its link, which is shown this once.
         */
        NewInvitationAnswer: {
            /** Format: uuid */
            id: string;
            email: string;
            role: components["schemas"]["Role"];
            group_ids: string[];
            created_by: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string;
            link: string;
        };
        /**
         * NewPassword
         * @description The password as it shall be.
         */
        NewPassword: {
            token: string;
            password: string;
        };
        /**
         * NewTokenAnswer
         * @description A token, whole, which is shown this once.
         */
        NewTokenAnswer: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            user_id: string;
            name: string;
            hint: string;
            scopes: components["schemas"]["Scope"][];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string;
            last_used_at: string | null;
            token: string;
        };
        /**
         * Nulls
         * @description Where NULL stands among the sorted.
         * @enum {string}
         */
        Nulls: "first" | "last";
        /**
         * OpenApiDocument
         * @description A document of OpenAPI 3.1.
         */
        OpenApiDocument: {
            openapi: string;
        } & {
            [key: string]: unknown;
        };
        /**
         * Operator
         * @description What a filter asks of a value. NULL passes ``is_null`` and what denies something: ``ne``.
         * @enum {string}
         */
        Operator: "eq" | "ne" | "lt" | "le" | "gt" | "ge" | "in" | "not_in" | "contains" | "not_contains" | "starts_with" | "ends_with" | "is_null" | "is_not_null";
        /**
         * PasswordChange
         * @description The password as it is, and as it shall be.
         */
        PasswordChange: {
            current_password: string;
            new_password: string;
        };
        /**
         * PasswordResetAnswer
         * @description The link to hand over, which is shown this once.
         */
        PasswordResetAnswer: {
            /** Format: uuid */
            user_id: string;
            link: string;
            /** Format: date-time */
            expires_at: string;
        };
        /**
         * PasswordResetRequest
         * @description Who shall set a new password.
         */
        PasswordResetRequest: {
            /** Format: uuid */
            user_id: string;
        };
        /**
         * PastQueryAnswer
         * @description A run in the history, without its rows; ``has_rows`` says whether they are still kept.
         */
        PastQueryAnswer: {
            /** Format: uuid */
            id: string;
            connection_id: string | null;
            connection_name: string | null;
            /** Format: uuid */
            user_id: string;
            user_email: string | null;
            sql: string;
            params: unknown[] | {
                [key: string]: unknown;
            } | null;
            state: string;
            /** Format: date-time */
            requested_at: string;
            finished_at: string | null;
            duration_ms: number | null;
            row_count: number | null;
            truncated: boolean;
            cached_at: string | null;
            has_rows: boolean;
            error: components["schemas"]["QueryErrorAnswer"] | null;
        };
        /**
         * PreviewAnswer
         * @description The first rows of a run that took too long for its request and goes on elsewhere.
         */
        PreviewAnswer: {
            rows: unknown[][];
        };
        /**
         * QueryAnswer
         * @description A run. ``columns`` and ``rows`` (its first page) are there when it has succeeded.
         *
         *     With ``stale``, the run has failed, and its rows are those of an older answer, given at
         *     ``cached_at``. A cell of ``cut_cells`` is ``[row, column, bytes]``: only its beginning is here.
         */
        QueryAnswer: {
            /** Format: uuid */
            id: string;
            /** @description queued, running, succeeded, failed, canceled or expired. */
            state: string;
            origin: string;
            parent_id: string | null;
            connection_id: string | null;
            sql: string;
            params: unknown[] | {
                [key: string]: unknown;
            } | null;
            /** Format: date-time */
            requested_at: string;
            queue_position: number | null;
            rows_so_far: number | null;
            columns: components["schemas"]["ColumnAnswer"][] | null;
            row_count: number | null;
            truncated: boolean;
            truncated_reason: string | null;
            has_more: boolean;
            preview: components["schemas"]["PreviewAnswer"] | null;
            cached_at: string | null;
            stale: boolean;
            cut_cells: [
                number,
                number,
                number
            ][];
            notes: string[];
            duration_ms: number | null;
            expires_at: string | null;
            error: components["schemas"]["QueryErrorAnswer"] | null;
            rows: unknown[][] | null;
        };
        /**
         * QueryErrorAnswer
         * @description Why a query gave no result; members that there is nothing to say in are null or absent.
         */
        QueryErrorAnswer: {
            code: string;
            message: string;
            /** @default null */
            sqlstate: string | null;
            /** @default null */
            position: number | null;
            /** @default null */
            line: number | null;
            /** @default null */
            column: number | null;
            /** @default null */
            hint: string | null;
            /** @default null */
            detail: string | null;
        };
        /**
         * QueryHistoryAnswer
         * @description A page of the history, the latest first.
         */
        QueryHistoryAnswer: {
            items: components["schemas"]["PastQueryAnswer"][];
            next: string | null;
        };
        /**
         * ReasonAnswer
         * @description Why something is permitted or refused.
         */
        ReasonAnswer: {
            kind: components["schemas"]["ReasonKind"];
            message: string;
            grant: components["schemas"]["GrantAnswer"] | null;
        };
        /**
         * ReasonKind
         * @description Why something is permitted or refused.
         * @enum {string}
         */
        ReasonKind: "admin" | "grant" | "no_grant" | "view_only" | "viewer_role" | "token_scope" | "deactivated";
        /**
         * ResetAnswer
         * @description What a reset has done.
         */
        ResetAnswer: {
            canceled: number;
            results_dropped: number;
            connections_closed: number;
            unreachable: string[];
        };
        /**
         * Role
         * @description What a person may do at all; grants say to what. Each role may do what the next one may.
         * @enum {string}
         */
        Role: "admin" | "editor" | "viewer";
        /**
         * RoleLimit
         * @description What takes the place of the connection's own limits, for people with one role.
         */
        RoleLimit: {
            max_rows?: number;
            statement_timeout_seconds?: number;
        };
        /**
         * RoleLimits
         * @description Limits by role. What is absent is as the connection has it.
         */
        RoleLimits: {
            viewer?: components["schemas"]["RoleLimit"];
            editor?: components["schemas"]["RoleLimit"];
            admin?: components["schemas"]["RoleLimit"];
        };
        /**
         * RowsAnswer
         * @description A page of rows.
         */
        RowsAnswer: {
            columns: components["schemas"]["ColumnAnswer"][];
            offset: number;
            has_more: boolean;
            truncated: boolean;
            stale: boolean;
            cut_cells: [
                number,
                number,
                number
            ][];
            rows: unknown[][];
        };
        /**
         * SchemaAnswer
         * @description What there is in the database. ``is_stale``: it is older than what is being read.
         *
         *     ``state`` is ``reading``, ``ready`` or ``failed``; ``detail`` is ``columns``, ``tables`` or
         *     ``schemas``: the most that fits into an answer. ``notes`` tell what is missing.
         */
        SchemaAnswer: {
            state: string;
            is_stale: boolean;
            read_at: string | null;
            error: components["schemas"]["SchemaErrorAnswer"] | null;
            detail: string;
            /** @default null */
            server_version: string | null;
            notes: string[];
            schemas: components["schemas"]["SchemaPartAnswer"][];
        };
        /**
         * SchemaColumnAnswer
         * @description A column. Members that are null or false are left out.
         */
        SchemaColumnAnswer: {
            name: string;
            type: string;
            /** @default false */
            not_null: boolean;
            /** @default null */
            default: string | null;
            /** @default false */
            is_generated: boolean;
            /** @default null */
            comment: string | null;
        };
        /**
         * SchemaErrorAnswer
         * @description Why the last reading failed.
         */
        SchemaErrorAnswer: {
            code: string;
            message: string;
            /** @default null */
            sqlstate: string | null;
            /** @default null */
            hint: string | null;
        };
        /**
         * SchemaForeignKeyAnswer
         * @description Columns that point at ``references``, columns of another table.
         */
        SchemaForeignKeyAnswer: {
            name: string;
            columns: string[];
            schema: string;
            table: string;
            references: string[];
        };
        /**
         * SchemaPartAnswer
         * @description A schema; with counts alone where ``detail`` is ``schemas``.
         */
        SchemaPartAnswer: {
            name: string;
            /** @default null */
            comment: string | null;
            /** @default null */
            tables: components["schemas"]["SchemaTableAnswer"][] | null;
            /** @default null */
            routines: components["schemas"]["SchemaRoutineAnswer"][] | null;
            /** @default null */
            table_count: number | null;
            /** @default null */
            routine_count: number | null;
        };
        /**
         * SchemaRoutineAnswer
         * @description A function or a procedure.
         */
        SchemaRoutineAnswer: {
            name: string;
            kind: string;
            /** @default null */
            arguments: string | null;
            /** @default null */
            result: string | null;
            /** @default null */
            comment: string | null;
            /** @default null */
            extension: string | null;
        };
        /**
         * SchemaTableAnswer
         * @description A table or a view. Without columns, keys and comment where ``detail`` is ``tables``.
         */
        SchemaTableAnswer: {
            name: string;
            kind: string;
            /** @default null */
            comment: string | null;
            /** @default null */
            estimated_rows: number | null;
            /** @default null */
            size_bytes: number | null;
            /** @default null */
            partition_count: number | null;
            /** @default null */
            columns: components["schemas"]["SchemaColumnAnswer"][] | null;
            /** @default null */
            primary_key: string[] | null;
            /** @default null */
            unique_keys: string[][] | null;
            /** @default null */
            foreign_keys: components["schemas"]["SchemaForeignKeyAnswer"][] | null;
        };
        /**
         * Scope
         * @description What a personal token may be used for.
         * @enum {string}
         */
        Scope: "read" | "write";
        /**
         * SessionAnswer
         * @description An access token, for how many seconds it is good, and whose it is.
         *
         *     The refresh token comes as a cookie that only ``/api/session`` gets to see.
         */
        SessionAnswer: {
            access_token: string;
            expires_in: number;
            user: components["schemas"]["UserAnswer"];
        };
        /**
         * SetupAnswer
         * @description Whether the first admin is still missing.
         */
        SetupAnswer: {
            needed: boolean;
        };
        /**
         * SetupRequest
         * @description Who becomes the first admin; ``token`` is what stands in the link after ``#token=``.
         */
        SetupRequest: {
            token: string;
            email: string;
            name: string;
            password: string;
        };
        /**
         * SignInRequest
         * @description Who signs in.
         */
        SignInRequest: {
            email: string;
            password: string;
        };
        /**
         * StepAnswer
         * @description A step of a test. A warning is ok, but not as it should be; ``fix`` says what to do.
         */
        StepAnswer: {
            name: string;
            ok: boolean;
            is_warning: boolean;
            message: string;
            fix: string | null;
        };
        /**
         * TestedChanges
         * @description What is to be different for this test alone.
         */
        TestedChanges: {
            /** @constant */
            engine?: "postgres";
            host?: string;
            port?: number;
            database?: string;
            username?: string;
            /** @enum {string} */
            ssl_mode?: "disable" | "prefer" | "require" | "verify-ca" | "verify-full";
            ssl_root_cert?: string | null;
            password?: string | null;
        };
        /**
         * TestedConnection
         * @description Values to be tried out. They are not saved.
         */
        TestedConnection: {
            /**
             * @default postgres
             * @constant
             */
            engine: "postgres";
            host: string;
            /** @default 5432 */
            port: number;
            database: string;
            username: string;
            /**
             * @default prefer
             * @enum {string}
             */
            ssl_mode: "disable" | "prefer" | "require" | "verify-ca" | "verify-full";
            /** @default null */
            ssl_root_cert: string | null;
            /** @default null */
            password: string | null;
        };
        /**
         * TokenAnswer
         * @description A token without its secret; ``hint`` is how it begins.
         */
        TokenAnswer: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            user_id: string;
            name: string;
            hint: string;
            scopes: components["schemas"]["Scope"][];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string;
            last_used_at: string | null;
        };
        /**
         * TokenRequest
         * @description A token to make. ``expires_at`` lies within a year; left out, the token lives 90 days.
         */
        TokenRequest: {
            name: string;
            scopes: components["schemas"]["Scope"][];
            /** @default null */
            expires_at: string | null;
        };
        /**
         * TokensAnswer
         * @description A page of tokens, newest first.
         */
        TokensAnswer: {
            items: components["schemas"]["TokenAnswer"][];
            next: string | null;
        };
        /**
         * UserAnswer
         * @description A person. Who is no admin gets null for ``last_signed_in_at``, and for others' ``claims``.
         */
        UserAnswer: {
            /** Format: uuid */
            id: string;
            email: string;
            name: string;
            role: components["schemas"]["Role"];
            is_active: boolean;
            /** Format: date-time */
            created_at: string;
            last_signed_in_at: string | null;
            claims: {
                [key: string]: string;
            } | null;
        };
        /**
         * UserChange
         * @description What to change; what is left out stays as it is.
         */
        UserChange: {
            /** @default null */
            name: string | null;
            /** @default null */
            role: components["schemas"]["Role"] | null;
            /**
             * @description False ends all sessions and makes tokens unusable, at once.
             * @default null
             */
            is_active: boolean | null;
            /**
             * @description What row-level security may know of them, by name; replaces all they have.
             * @default null
             */
            claims: {
                [key: string]: string;
            } | null;
        };
        /**
         * UsersAnswer
         * @description A page of people, in the order of their emails.
         */
        UsersAnswer: {
            items: components["schemas"]["UserAnswer"][];
            next: string | null;
        };
        /**
         * ValuesAnswer
         * @description What stands in a column of the whole result; null where it is not known yet.
         *
         *     ``values`` are ``[value, count]``, the most frequent first.
         */
        ValuesAnswer: {
            state: string;
            column: components["schemas"]["ColumnAnswer"];
            values: [
                unknown,
                string
            ][] | null;
            has_more: boolean;
            /** @default null */
            min: unknown;
            /** @default null */
            max: unknown;
            row_count: number | null;
            null_count: number | null;
            error: components["schemas"]["QueryErrorAnswer"] | null;
        };
        /**
         * ViewFilter
         * @description Keep the rows whose column, counted from 0, fits.
         */
        ViewFilter: {
            column: number;
            op: components["schemas"]["Operator"];
            /** @default null */
            value: string | (string | null)[] | null;
        };
        /**
         * ViewSort
         * @description Sort by a column, counted from 0.
         */
        ViewSort: {
            column: number;
            /** @default asc */
            direction: components["schemas"]["Direction"];
            /** @default null */
            nulls: components["schemas"]["Nulls"] | null;
        };
        /**
         * Problem
         * @description Why a request was not done as it was made.
         */
        Problem: {
            /** Format: uri */
            type: string;
            title: string;
            status: number;
            /** @enum {string} */
            code: "address_forbidden" | "alert_file_invalid" | "answer_too_large" | "binaries_missing" | "blob_key_invalid" | "blobs_mismatched" | "body_malformed" | "body_too_large" | "conflict" | "connect_failed" | "connect_timed_out" | "connection_lost" | "connection_refused" | "cursor_invalid" | "data_folder_incompatible" | "data_folder_locked" | "database_unavailable" | "database_unknown" | "delivery_deferred" | "delivery_failed" | "delivery_rejected" | "deployment_invalid" | "destination_refused" | "export_too_large" | "file_invalid" | "forbidden" | "function_refused" | "handler_failed" | "handler_timed_out" | "host_unknown" | "interrupted" | "key_mismatched" | "key_unavailable" | "last_admin" | "link_invalid" | "local_database_failed" | "login_failed" | "media_type_unsupported" | "method_unsupported" | "migration_failed" | "name_taken" | "name_unknown" | "node_refused" | "not_found" | "output_failed" | "overloaded" | "parameter_invalid" | "parameter_missing" | "parameter_surplus" | "parameters_mixed" | "password_required" | "password_weak" | "permission_denied" | "placeholder_invalid" | "platform_failed" | "query_canceled" | "query_failed" | "query_refused" | "query_timed_out" | "queue_unavailable" | "rate_limited" | "request_failed" | "request_invalid" | "result_expired" | "route_unknown" | "schema_outdated" | "server_resources_exhausted" | "server_unsupported" | "session_revoked" | "settings_missing" | "setup_done" | "several_statements" | "sign_in_failed" | "sql_empty" | "sql_invalid" | "sql_too_large" | "state_failed" | "statement_refused" | "storage_unavailable" | "text_undecodable" | "tls_failed" | "token_expired" | "token_invalid" | "too_many_connections" | "unauthenticated" | "unexpected" | "url_invalid" | "usage_invalid" | "worker_lost" | "write_refused";
            detail: string;
            errors: {
                /** @description A JSON pointer into the body, or `?name`. */
                path: string;
                message: string;
            }[];
            request_id: string;
            sqlstate?: string;
            position?: number;
            line?: number;
            column?: number;
            hint?: string;
        };
    };
    responses: {
        /** @description Bad Request: `body_malformed` */
        Problem400: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"];
            };
        };
        /** @description Unauthorized: `session_revoked`, `token_expired`, `token_invalid`, `unauthenticated` */
        Problem401: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"];
            };
        };
        /** @description Forbidden: `forbidden` */
        Problem403: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"];
            };
        };
        /** @description Not Found: `not_found` */
        Problem404: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"];
            };
        };
        /** @description Conflict: `conflict` */
        Problem409: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"];
            };
        };
        /** @description Gone: `result_expired` */
        Problem410: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"];
            };
        };
        /** @description Request Entity Too Large: `body_too_large` */
        Problem413: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"];
            };
        };
        /** @description Unsupported Media Type: `media_type_unsupported` */
        Problem415: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"];
            };
        };
        /** @description Unprocessable Entity: `request_invalid` */
        Problem422: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"];
            };
        };
        /** @description Too Many Requests: `rate_limited` */
        Problem429: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                "Retry-After": components["headers"]["Retry-After"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"];
            };
        };
        /** @description Internal Server Error: `unexpected` */
        Problem500: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"];
            };
        };
        /** @description Service Unavailable: `database_unavailable` */
        Problem503: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: {
        /** @description What the log calls this request. */
        "X-Request-Id": string;
        /** @description Seconds after which to try again. */
        "Retry-After": number;
        /** @description How to say who asks: RFC 6750. */
        "WWW-Authenticate": string;
        /** @description Where to go on. */
        Location: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    sign_in: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignInRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            /** @description Unauthorized: `sign_in_failed` */
            401: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            403: components["responses"]["Problem403"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    sign_out: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    refresh: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    get_me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MeAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    list_sessions: {
        parameters: {
            query?: {
                /** @description How many items at most. */
                limit?: number;
                /** @description The `next` of the page before; none for the first. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MySessionsAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            /** @description Unprocessable Entity: `cursor_invalid`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    end_other_sessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    end_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    change_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordChange"];
            };
        };
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            /** @description Unprocessable Entity: `password_weak`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    get_setup: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SetupAnswer"];
                };
            };
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    set_up: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetupRequest"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            403: components["responses"]["Problem403"];
            /** @description Conflict: `name_taken`, `setup_done` */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Gone: `link_invalid` */
            410: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            /** @description Unprocessable Entity: `password_weak`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    list_users: {
        parameters: {
            query?: {
                /** @description How many items at most. */
                limit?: number;
                /** @description The `next` of the page before; none for the first. */
                cursor?: string;
                /** @description A part of the name or the email. */
                search?: string;
                /** @description Those with this role. */
                role?: components["schemas"]["Role"];
                /** @description Those who may, or may not, sign in. */
                is_active?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsersAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            /** @description Unprocessable Entity: `cursor_invalid`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    get_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    change_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UserChange"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            /** @description Conflict: `last_admin` */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    list_groups: {
        parameters: {
            query?: {
                /** @description How many items at most. */
                limit?: number;
                /** @description The `next` of the page before; none for the first. */
                cursor?: string;
                /** @description A part of the name. */
                search?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GroupsAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            /** @description Unprocessable Entity: `cursor_invalid`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    create_group: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GroupRequest"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GroupAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            /** @description Conflict: `name_taken` */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    get_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                group_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GroupAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    delete_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                group_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    rename_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                group_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GroupRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GroupAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            /** @description Conflict: `name_taken` */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    list_members: {
        parameters: {
            query?: {
                /** @description How many items at most. */
                limit?: number;
                /** @description The `next` of the page before; none for the first. */
                cursor?: string;
            };
            header?: never;
            path: {
                group_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsersAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            /** @description Unprocessable Entity: `cursor_invalid`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    add_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                group_id: string;
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    remove_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                group_id: string;
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    list_invitations: {
        parameters: {
            query?: {
                /** @description How many items at most. */
                limit?: number;
                /** @description The `next` of the page before; none for the first. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InvitationsAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            /** @description Unprocessable Entity: `cursor_invalid`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    invite: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InvitationRequest"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewInvitationAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            /** @description Conflict: `conflict`, `name_taken` */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    revoke_invitation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                invitation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    inspect_invitation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LinkToken"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkEmail"];
                };
            };
            400: components["responses"]["Problem400"];
            403: components["responses"]["Problem403"];
            /** @description Gone: `link_invalid` */
            410: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    accept_invitation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Acceptance"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            403: components["responses"]["Problem403"];
            /** @description Conflict: `name_taken` */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description Gone: `link_invalid` */
            410: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            /** @description Unprocessable Entity: `password_weak`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    create_reset: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordResetRequest"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PasswordResetAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    inspect_reset: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LinkToken"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkEmail"];
                };
            };
            400: components["responses"]["Problem400"];
            403: components["responses"]["Problem403"];
            /** @description Gone: `link_invalid` */
            410: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    use_reset: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPassword"];
            };
        };
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            403: components["responses"]["Problem403"];
            /** @description Gone: `link_invalid` */
            410: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            /** @description Unprocessable Entity: `password_weak`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    list_tokens: {
        parameters: {
            query?: {
                /** @description How many items at most. */
                limit?: number;
                /** @description The `next` of the page before; none for the first. */
                cursor?: string;
                /** @description One's own unless given; admins may ask. */
                user_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokensAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            /** @description Unprocessable Entity: `cursor_invalid`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    create_token: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TokenRequest"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewTokenAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    revoke_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                token_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    list_grants: {
        parameters: {
            query: {
                /** @description How many items at most. */
                limit?: number;
                /** @description The `next` of the page before; none for the first. */
                cursor?: string;
                object_type: string;
                object_id: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GrantsAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            /** @description Unprocessable Entity: `cursor_invalid`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    give_grant: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GrantRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GrantAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    withdraw_grant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                grant_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    explain: {
        parameters: {
            query: {
                object_type: string;
                object_id: string;
                user_id: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExplanationAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    list_connections: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionsAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            /** @description Unprocessable Entity: `cursor_invalid`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    create_connection: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewConnection"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            /** @description Conflict: `name_taken` */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            /** @description Unprocessable Entity: `address_forbidden`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `key_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    run_draft_test: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TestedConnection"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionTestAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            /** @description Unprocessable Entity: `address_forbidden`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    get_connection: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    delete_connection: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    change_connection: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ChangedConnection"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            /** @description Conflict: `conflict`, `name_taken` */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            /** @description Unprocessable Entity: `address_forbidden`, `password_required`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `key_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    run_test: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["TestedChanges"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionTestAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            /** @description Unprocessable Entity: `address_forbidden`, `password_required`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `key_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_schema: {
        parameters: {
            query?: {
                /** @description One schema only. */
                schema?: string;
                /** @description One table of that schema only. */
                table?: string;
            };
            header?: never;
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SchemaAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            409: components["responses"]["Problem409"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `key_unavailable`, `queue_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    refresh_schema: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SchemaAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `key_unavailable`, `queue_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_queries: {
        parameters: {
            query?: {
                /** @description How many items at most. */
                limit?: number;
                /** @description The `next` of the page before; none for the first. */
                cursor?: string;
                connection_id?: string;
                user_id?: string;
                state?: string;
                /** @description Part of the SQL. */
                search?: string;
                /** @description Not before this time. */
                from?: string;
                /** @description Before this time. */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueryHistoryAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            /** @description Unprocessable Entity: `cursor_invalid`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    ask_query: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AskedQuery"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueryAnswer"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueryAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `key_unavailable`, `overloaded`, `storage_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reset_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResetAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    get_query: {
        parameters: {
            query?: {
                /** @description How long to wait for the answer; 0 queues at once. */
                wait_seconds?: number;
                /** @description How many of the first rows to answer with. */
                limit?: number;
            };
            header?: never;
            path: {
                query_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueryAnswer"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueryAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `storage_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancel_query: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                query_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueryAnswer"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueryAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `storage_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_rows: {
        parameters: {
            query?: {
                offset?: number;
                limit?: number;
            };
            header?: never;
            path: {
                query_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RowsAnswer"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExportBegunAnswer"];
                };
            };
            /** @description See Other */
            303: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            409: components["responses"]["Problem409"];
            410: components["responses"]["Problem410"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `storage_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_cell: {
        parameters: {
            query: {
                row: number;
                column: number;
            };
            header?: never;
            path: {
                query_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See Other */
            303: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            409: components["responses"]["Problem409"];
            410: components["responses"]["Problem410"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `storage_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    link_cell: {
        parameters: {
            query: {
                row: number;
                column: number;
            };
            header?: never;
            path: {
                query_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CellAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            409: components["responses"]["Problem409"];
            410: components["responses"]["Problem410"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `storage_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_values: {
        parameters: {
            query: {
                column: number;
                /** @description Found in the value's text. */
                search?: string;
                /** @description How long to wait for the answer; 0 queues at once. */
                wait_seconds?: number;
            };
            header?: never;
            path: {
                query_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ValuesAnswer"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ValuesAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            409: components["responses"]["Problem409"];
            410: components["responses"]["Problem410"];
            /** @description Unprocessable Entity: `request_invalid`, `statement_refused` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `key_unavailable`, `overloaded`, `storage_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    view_query: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                query_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["AskedView"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueryAnswer"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueryAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            409: components["responses"]["Problem409"];
            410: components["responses"]["Problem410"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            /** @description Unprocessable Entity: `request_invalid`, `statement_refused` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `key_unavailable`, `overloaded`, `storage_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ask_again: {
        parameters: {
            query?: {
                /** @description How long to wait for the answer; 0 queues at once. */
                wait_seconds?: number;
                /** @description How many of the first rows to answer with. */
                limit?: number;
            };
            header?: never;
            path: {
                query_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueryAnswer"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueryAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            409: components["responses"]["Problem409"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `key_unavailable`, `overloaded`, `storage_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_exports: {
        parameters: {
            query?: {
                /** @description How many items at most. */
                limit?: number;
                /** @description The `next` of the page before; none for the first. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExportListAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            /** @description Unprocessable Entity: `cursor_invalid`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    create_export: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AskedExport"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExportAnswer"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExportAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            409: components["responses"]["Problem409"];
            410: components["responses"]["Problem410"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `storage_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_export: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                export_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExportAnswer"];
                };
            };
            /** @description Accepted */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExportAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `storage_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_export: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                export_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExportAnswer"];
                };
            };
            400: components["responses"]["Problem400"];
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            404: components["responses"]["Problem404"];
            413: components["responses"]["Problem413"];
            415: components["responses"]["Problem415"];
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `storage_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_events: {
        parameters: {
            query?: {
                /** @description Who did it, by their id. */
                actor_id?: string;
                /** @description A whole action, such as `user.created`, or its noun, such as `user`. */
                action?: string;
                /** @description What kind of thing it was done to. */
                object_type?: string;
                /** @description The thing that it was done to. */
                object_id?: string;
                /** @description Not before this time. */
                from?: string;
                /** @description Before this time. */
                to?: string;
                /** @description Found in the name of the thing or the email of who did it. */
                search?: string;
                limit?: number;
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditEventsAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            /** @description Unprocessable Entity: `cursor_invalid`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    export_events: {
        parameters: {
            query: {
                /** @description Who did it, by their id. */
                actor_id?: string;
                /** @description A whole action, such as `user.created`, or its noun, such as `user`. */
                action?: string;
                /** @description What kind of thing it was done to. */
                object_type?: string;
                /** @description The thing that it was done to. */
                object_id?: string;
                /** @description Not before this time. */
                from?: string;
                /** @description Before this time. */
                to?: string;
                /** @description Found in the name of the thing or the email of who did it. */
                search?: string;
                /** @description A line of JSON each, or CSV. */
                format: components["schemas"]["ExportFormat"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description See Other */
            303: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            /** @description Unprocessable Entity: `export_too_large`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `storage_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    link_export: {
        parameters: {
            query: {
                /** @description Who did it, by their id. */
                actor_id?: string;
                /** @description A whole action, such as `user.created`, or its noun, such as `user`. */
                action?: string;
                /** @description What kind of thing it was done to. */
                object_type?: string;
                /** @description The thing that it was done to. */
                object_id?: string;
                /** @description Not before this time. */
                from?: string;
                /** @description Before this time. */
                to?: string;
                /** @description Found in the name of the thing or the email of who did it. */
                search?: string;
                /** @description A line of JSON each, or CSV. */
                format: components["schemas"]["ExportFormat"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditExportAnswer"];
                };
            };
            401: components["responses"]["Problem401"];
            403: components["responses"]["Problem403"];
            /** @description Unprocessable Entity: `export_too_large`, `request_invalid` */
            422: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            429: components["responses"]["Problem429"];
            500: components["responses"]["Problem500"];
            /** @description Service Unavailable: `database_unavailable`, `storage_unavailable` */
            503: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthAnswer"];
                };
            };
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
    get_openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenApiDocument"];
                };
            };
            422: components["responses"]["Problem422"];
            500: components["responses"]["Problem500"];
            503: components["responses"]["Problem503"];
        };
    };
}
