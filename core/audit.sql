-- The audit trail: one SHA-256 chain per subject; rows are only ever appended,
-- by this one function. Applied after every migration; keep it re-runnable.

CREATE OR REPLACE FUNCTION audit_field(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT coalesce(octet_length(value) || ':' || value, '-') || ',';
$$;

CREATE OR REPLACE FUNCTION audit_hash(
    prev bytea, subject uuid, seq bigint, at timestamptz, action text, actor text,
    case_id uuid, decision text, request text, detail text
) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_catalog AS $$
    SELECT sha256(prev || convert_to(
        audit_field(subject::text) || audit_field(seq::text)
        || audit_field(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
        || audit_field(action) || audit_field(actor) || audit_field(case_id::text)
        || audit_field(decision) || audit_field(request) || audit_field(detail),
        'UTF8'));
$$;

CREATE OR REPLACE FUNCTION audit_append(
    the_subject uuid, the_action text, the_actor text, the_case uuid,
    the_decision text, the_request text, the_detail text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_catalog AS $$
DECLARE
    head record;
    moment timestamptz := clock_timestamp();
    link bytea;
BEGIN
    INSERT INTO audit_heads (subject, seq, hash)
        VALUES (the_subject, 0, decode(repeat('00', 32), 'hex'))
        ON CONFLICT DO NOTHING;
    SELECT * INTO head FROM audit_heads WHERE subject = the_subject FOR UPDATE;
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

REVOKE ALL ON FUNCTION audit_append(uuid, text, text, uuid, text, text, text)
    FROM PUBLIC;
