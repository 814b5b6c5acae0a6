-- The audit trail: one SHA-256 chain per subject; rows are only ever appended,
-- by one function. Applied after every migration; keep it re-runnable.
-- `pg_temp` comes last in every search path: a temporary table of the caller's
-- must never stand in for one of ours.

CREATE OR REPLACE FUNCTION audit_field(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(octet_length(value) || ':' || value, '-') || ',';
$$;

CREATE OR REPLACE FUNCTION audit_hash(
    prev bytea, subject uuid, seq bigint, at timestamptz, action text, actor text,
    case_id uuid, decision text, request text, detail text
) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT sha256(prev || convert_to(
        audit_field(subject::text) || audit_field(seq::text)
        || audit_field(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
        || audit_field(action) || audit_field(actor) || audit_field(case_id::text)
        || audit_field(decision) || audit_field(request) || audit_field(detail),
        'UTF8'));
$$;

-- Who a row says acted is who the transaction announced; nobody passes it in.
CREATE OR REPLACE FUNCTION audit_actor() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(
        nullif(current_setting('pseah.person', true), ''),
        'service:' || coalesce(current_setting('pseah.service', true), ''));
$$;

-- Make a chain wait for this transaction, and this transaction for the chain.
CREATE OR REPLACE FUNCTION audit_hold(the_subject uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO audit_heads (subject, seq, hash)
        VALUES (the_subject, 0, decode(repeat('00', 32), 'hex'))
        ON CONFLICT DO NOTHING;
    PERFORM FROM audit_heads WHERE subject = the_subject FOR UPDATE;
END;
$$;

-- Only for functions of ours: it takes any action.
CREATE OR REPLACE FUNCTION audit_link(
    the_subject uuid, the_action text, the_case uuid, the_decision text,
    the_request text, the_detail text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    head record;
    moment timestamptz := clock_timestamp();
    the_actor text := audit_actor();
    link bytea;
BEGIN
    PERFORM audit_hold(the_subject);
    SELECT * INTO head FROM audit_heads WHERE subject = the_subject;
    link := audit_hash(head.hash, the_subject, head.seq + 1, moment, the_action,
        the_actor, the_case, the_decision, the_request, the_detail);
    INSERT INTO audit_rows (subject, seq, at, action, actor, case_id, decision,
        request, detail, hash)
        VALUES (the_subject, head.seq + 1, moment, the_action, the_actor, the_case,
        the_decision, the_request, the_detail, link);
    UPDATE audit_heads SET seq = head.seq + 1, hash = link
        WHERE subject = the_subject;
END;
$$;

-- What others rely on (`holder:…`, the making of keys) is written by the function
-- that does it, never by request.
CREATE OR REPLACE FUNCTION audit_append(
    the_subject uuid, the_action text, the_case uuid, the_decision text,
    the_request text, the_detail text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF starts_with(the_action, 'holder:') THEN
        RAISE insufficient_privilege USING MESSAGE = 'not to be written by request';
    END IF;
    PERFORM audit_link(the_subject, the_action, the_case, the_decision, the_request,
        the_detail);
END;
$$;

REVOKE ALL ON FUNCTION audit_hold(uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION audit_link(uuid, text, uuid, text, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION audit_append(uuid, text, uuid, text, text, text) FROM PUBLIC;
