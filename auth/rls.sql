-- Row-level security: who acts, and where they stand. Applied after every migration.

CREATE OR REPLACE FUNCTION acting_person() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('pseah.person', true), '')::uuid;
$$;

CREATE OR REPLACE FUNCTION acting_holders() RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('pseah.holders', true), ''), '{}')::uuid[];
$$;

CREATE OR REPLACE FUNCTION acting_service() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('pseah.service', true), '');
$$;

CREATE OR REPLACE FUNCTION acting() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT acting_person() IS NOT NULL OR acting_service() <> '';
$$;

-- Standings are asked here and nowhere else: a policy that reads a protected table
-- would recurse. A standing lasts to the end of the transaction that ends it.
CREATE OR REPLACE FUNCTION barred_from(the_case uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_catalog AS $$
    SELECT EXISTS (
        SELECT FROM standings
        WHERE case_id = the_case AND holder_id = acting_person()
        AND kind = 'barred' AND ended_at IS NULL);
$$;

CREATE OR REPLACE FUNCTION stands_on(the_case uuid, kinds text[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_catalog AS $$
    SELECT EXISTS (
        SELECT FROM standings
        WHERE case_id = the_case AND referral_id IS NULL
        AND holder_id = ANY (acting_holders()) AND kind = ANY (kinds)
        AND kind <> 'barred' AND coalesce(ended_at, 'infinity') >= now()
    ) AND NOT barred_from(the_case);
$$;

CREATE OR REPLACE FUNCTION stands_on_referral(the_referral uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_catalog AS $$
    SELECT EXISTS (
        SELECT FROM standings
        WHERE referral_id = the_referral AND holder_id = ANY (acting_holders())
        AND kind <> 'barred' AND coalesce(ended_at, 'infinity') >= now()
        AND NOT barred_from(case_id));
$$;

-- A case under creation is open to its maker to the end of the transaction that
-- gives its first standings.
CREATE OR REPLACE FUNCTION creating(the_case uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_catalog AS $$
    SELECT the_case::text = coalesce(current_setting('pseah.creating', true), '')
        AND NOT EXISTS (
            SELECT FROM standings WHERE case_id = the_case AND entered_at < now());
$$;

CREATE OR REPLACE FUNCTION has_role(any_of text[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_catalog AS $$
    SELECT EXISTS (
        SELECT FROM people
        WHERE id = acting_person() AND disabled_at IS NULL AND roles && any_of);
$$;

-- The fingerprint that the audit trail holds of a holder's newest key.
CREATE OR REPLACE FUNCTION audited_fingerprint(holder uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_catalog AS $$
    SELECT detail::jsonb ->> 'fingerprint' FROM audit_rows
    WHERE subject = holder AND action = 'holder:key_made'
    ORDER BY seq DESC LIMIT 1;
$$;
