-- Row-level security: who acts, and where they stand. Applied after every migration.
-- `pg_temp` comes last in every search path: a temporary table of the caller's
-- must never stand in for one of ours.

CREATE OR REPLACE FUNCTION acting_person() RETURNS uuid LANGUAGE sql STABLE
    RETURN nullif(current_setting('pseah.person', true), '')::uuid;

CREATE OR REPLACE FUNCTION acting_holders() RETURNS uuid[] LANGUAGE sql STABLE
    RETURN coalesce(nullif(current_setting('pseah.holders', true), ''), '{}')::uuid[];

CREATE OR REPLACE FUNCTION acting_service() RETURNS text LANGUAGE sql STABLE
    RETURN coalesce(current_setting('pseah.service', true), '');

CREATE OR REPLACE FUNCTION acting() RETURNS boolean LANGUAGE sql STABLE
    RETURN acting_person() IS NOT NULL OR acting_service() <> '';

-- Standings are asked here and nowhere else: a policy that reads a protected table
-- would recurse. A standing lasts to the end of the transaction that ends it, and a bar
-- begins there: who steps back still lets go of the keys in the same step.
CREATE OR REPLACE FUNCTION barred_from(the_case uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM standings
        WHERE case_id = the_case AND holder_id = ANY (acting_holders())
        AND kind = 'barred' AND ended_at IS NULL AND entered_at <> now());
$$;

CREATE OR REPLACE FUNCTION stands_on(the_case uuid, kinds text[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM standings
        WHERE case_id = the_case AND referral_id IS NULL
        AND holder_id = ANY (acting_holders()) AND kind = ANY (kinds)
        AND kind <> 'barred' AND coalesce(ended_at, 'infinity') >= now()
    ) AND NOT barred_from(the_case);
$$;

CREATE OR REPLACE FUNCTION stands_on_referral(the_referral uuid, the_case uuid)
    RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM standings
        WHERE referral_id = the_referral AND case_id = the_case
        AND holder_id = ANY (acting_holders())
        AND kind <> 'barred' AND coalesce(ended_at, 'infinity') >= now()
    ) AND NOT barred_from(the_case);
$$;

-- A case under creation is open to its maker to the end of the transaction that
-- gives its first standings; nobody else's transaction began at that very moment.
CREATE OR REPLACE FUNCTION creating(the_case uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT the_case::text = coalesce(current_setting('pseah.creating', true), '')
        AND NOT EXISTS (
            SELECT FROM standings WHERE case_id = the_case AND entered_at <> now());
$$;

CREATE OR REPLACE FUNCTION has_role(any_of text[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM people
        WHERE id = acting_person() AND disabled_at IS NULL AND roles && any_of);
$$;

-- Routes are confirmed by those who hold the key of a desk that coordinates: no
-- administrator can make such a person alone. Where no desk coordinates yet, there
-- is no case to reach, and the administrator sets the first routes.
CREATE OR REPLACE FUNCTION may_route() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM held_keys
        JOIN routes ON routes.desk_id = held_keys.holder_id
        JOIN people ON people.id = held_keys.by_id
        WHERE held_keys.by_id = acting_person() AND routes.kind = 'coordination'
        AND people.disabled_at IS NULL
    ) OR (has_role('{administrator}') AND NOT EXISTS (
        SELECT FROM routes WHERE kind = 'coordination'));
$$;

-- A member counts once they hold the desk's key: it is given by a member, so no
-- administrator seats anyone, himself included, where cases are read.
CREATE OR REPLACE FUNCTION able_members(the_desks uuid[])
    RETURNS TABLE (desk uuid, person uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT held_keys.holder_id, held_keys.by_id
    FROM held_keys
    JOIN memberships ON memberships.desk_id = held_keys.holder_id
        AND memberships.person_id = held_keys.by_id
    WHERE memberships.left_at IS NULL AND held_keys.holder_id = ANY (the_desks);
$$;

-- A desk's key is given by someone who holds it; at first by its maker, in the same
-- transaction.
CREATE OR REPLACE FUNCTION may_give_key(the_holder uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM held_keys
        WHERE holder_id = the_holder AND by_id = acting_person()
    ) OR (has_role('{administrator}') AND EXISTS (
        SELECT FROM holders WHERE id = the_holder AND made_at = now()));
$$;

-- Register a holder with its first key, and its fingerprint in the audit trail: in one
-- step, so that neither can be written without the other, nor over one that is there.
CREATE OR REPLACE FUNCTION add_holder(
    the_id uuid, the_kind text, the_key bytea, the_request text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT (has_role('{administrator}')
            OR pg_has_role(session_user, current_user, 'MEMBER')) THEN
        RAISE insufficient_privilege USING MESSAGE = 'only who administers adds holders';
    END IF;
    INSERT INTO holders (id, kind, public_key, made_at)
        VALUES (the_id, the_kind, the_key, now());
    PERFORM audit_link(the_id, 'holder:key_made', NULL, 'done', the_request,
        json_build_object('fingerprint', encode(sha256(the_key), 'hex'),
            'kind', the_kind)::text);
END;
$$;

-- The fingerprint that the audit trail holds of a holder's newest key.
CREATE OR REPLACE FUNCTION audited_fingerprint(holder uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT detail::jsonb ->> 'fingerprint' FROM audit_rows
    WHERE subject = holder AND action = 'holder:key_made'
    ORDER BY seq DESC LIMIT 1;
$$;
