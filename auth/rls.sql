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
        AND coalesce(until, 'infinity') > now()
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
        AND coalesce(until, 'infinity') > now()
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

-- A submission of which no case was made yet: who decides on it routes it as well.
CREATE OR REPLACE FUNCTION is_undecided(the_case uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM cases WHERE id = the_case);
$$;

CREATE OR REPLACE FUNCTION has_role(any_of text[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM people
        WHERE id = acting_person() AND disabled_at IS NULL AND roles && any_of);
$$;

-- What takes two is confirmed by those who hold the key of a desk that coordinates: no
-- administrator can make such a person alone. Where no desk coordinates yet, there is
-- no case to reach, and the administrator sets up the first desks and routes.
CREATE OR REPLACE FUNCTION may_route() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM held_keys
        JOIN routes ON routes.desk_id = held_keys.holder_id
        JOIN people ON people.id = held_keys.by_id
        JOIN memberships ON memberships.desk_id = held_keys.holder_id
            AND memberships.person_id = held_keys.by_id
        WHERE held_keys.by_id = acting_person() AND routes.kind = 'coordination'
        AND people.disabled_at IS NULL AND NOT held_keys.gated
        AND memberships.left_at IS NULL
        AND coalesce(memberships.until, 'infinity') > now()
    ) OR (has_role('{administrator}') AND NOT EXISTS (
        SELECT FROM routes WHERE kind = 'coordination'));
$$;

-- A member counts once they hold the desk's key: it is given by a member, so no
-- administrator seats anyone, himself included, where cases are read. A deputy counts
-- until their time is over.
CREATE OR REPLACE FUNCTION able_members(the_desks uuid[])
    RETURNS TABLE (desk uuid, person uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT held_keys.holder_id, held_keys.by_id
    FROM held_keys
    JOIN memberships ON memberships.desk_id = held_keys.holder_id
        AND memberships.person_id = held_keys.by_id
    JOIN people ON people.id = held_keys.by_id
    WHERE memberships.left_at IS NULL AND people.disabled_at IS NULL
        AND NOT held_keys.gated
        AND coalesce(memberships.until, 'infinity') > now()
        AND held_keys.holder_id = ANY (the_desks);
$$;

-- A desk's key is given by a member who holds it; its first one, by who confirms its
-- first members, in the transaction that makes it.
CREATE OR REPLACE FUNCTION may_give_key(the_holder uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM able_members(ARRAY[the_holder]) WHERE person = acting_person()
    ) OR (may_route() AND EXISTS (
        SELECT FROM holder_keys WHERE holder_id = the_holder AND generation = 1
        AND xmin = pg_current_xact_id()::xid));
$$;

-- Whether a reset of a person's key was confirmed, by somebody else than who asked, in
-- this very transaction.
CREATE OR REPLACE FUNCTION is_being_reset(the_person uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT may_route() AND EXISTS (
        SELECT FROM changes
        WHERE kind = 'reset' AND subject_id = the_person AND confirmed
        AND decided_by = acting_person() AND asked_by <> decided_by
        AND decided_by <> the_person
        AND xmin = pg_current_xact_id()::xid);
$$;

-- Whether somebody has a key of their own, and did not lose it.
CREATE OR REPLACE FUNCTION has_key(the_person uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM holder_keys
        WHERE holder_id = the_person AND ended_at IS NULL
        AND generation = (
            SELECT max(generation) FROM holder_keys WHERE holder_id = the_person));
$$;

-- Whether somebody ever had a key: another one takes two people from then on.
CREATE OR REPLACE FUNCTION had_key(the_person uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM holder_keys WHERE holder_id = the_person);
$$;

-- Let nothing be sealed to a person's key any more: by the two who reset it.
CREATE OR REPLACE FUNCTION end_key(the_person uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT is_being_reset(the_person) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this key is not yours to end';
    END IF;
    UPDATE holder_keys SET ended_at = now()
        WHERE holder_id = the_person AND ended_at IS NULL;
END;
$$;

-- Register a holder's next key, and its fingerprint in the audit trail: in one step, so
-- that neither can be written without the other. A person's is made by themselves, with
-- a code that is open; the first of a desk by who confirms its members, the next by a
-- member. The owner makes any first one.
CREATE OR REPLACE FUNCTION add_key(
    the_id uuid, the_kind text, the_key bytea, the_older bytea, the_request text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    owns boolean := pg_has_role(session_user, current_user, 'MEMBER');
    newest int := (SELECT max(generation) FROM holder_keys WHERE holder_id = the_id);
    allowed boolean;
BEGIN
    allowed := CASE
        WHEN newest IS NULL AND owns THEN true
        WHEN the_kind = 'person' THEN the_id = acting_person() AND NOT has_key(the_id)
            AND EXISTS (SELECT FROM sign_in_codes
                WHERE person_id = the_id AND expires_at > now())
        WHEN newest IS NULL THEN may_route()
        ELSE the_older IS NOT NULL AND may_give_key(the_id)
    END;
    IF NOT allowed THEN
        RAISE insufficient_privilege USING MESSAGE = 'this key is not yours to make';
    END IF;
    INSERT INTO holders (id, kind, made_at) VALUES (the_id, the_kind, now())
        ON CONFLICT DO NOTHING;
    IF NOT EXISTS (SELECT FROM holders WHERE id = the_id AND kind = the_kind) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this is another kind of holder';
    END IF;
    INSERT INTO holder_keys (holder_id, generation, public_key, older, made_at)
        VALUES (the_id, coalesce(newest, 0) + 1, the_key, the_older, now());
    PERFORM audit_link(the_id, 'holder:key_made', NULL, 'done', the_request,
        json_build_object('fingerprint', encode(sha256(the_key), 'hex'),
            'generation', coalesce(newest, 0) + 1, 'kind', the_kind)::text);
END;
$$;

-- The fingerprint that the audit trail holds of a holder's newest key.
CREATE OR REPLACE FUNCTION audited_fingerprint(holder uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT detail::jsonb ->> 'fingerprint' FROM audit_rows
    WHERE subject = holder AND action = 'holder:key_made'
    ORDER BY seq DESC LIMIT 1;
$$;

-- The case of a public reference, for who is on duty for it: nobody else finds one so.
CREATE OR REPLACE FUNCTION case_on_duty(the_reference text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT id FROM cases
    WHERE reference = the_reference AND stands_on(id, '{duty}');
$$;

-- Whether a referral's survivor still agrees to it: its provider asks, who sees no
-- consent.
CREATE OR REPLACE FUNCTION still_agreed(the_referral uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce((
        SELECT consents.status = 'given'
            AND coalesce(consents.expires_at, 'infinity') > now()
        FROM referrals
        JOIN consents ON consents.survivor_id = referrals.survivor_id
            AND consents.case_id = referrals.case_id
        WHERE referrals.id = the_referral AND consents.purpose = 'service_referral'
        ORDER BY consents.recorded_at DESC LIMIT 1), false);
$$;

-- Of some cases those where every survivor lets investigators know who she or he is:
-- asked for everybody alike, also for a service that sees no survivor.
CREATE OR REPLACE FUNCTION identities_shared(the_cases uuid[], the_moment timestamptz)
    RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT survivors.case_id FROM survivors
    LEFT JOIN LATERAL (
        SELECT status = 'given'
            AND coalesce(expires_at, 'infinity') > the_moment AS stands
        FROM consents
        WHERE consents.case_id = survivors.case_id
            AND consents.survivor_id = survivors.id
            AND purpose = 'share_identity_with_investigators'
        ORDER BY recorded_at DESC LIMIT 1
    ) AS newest ON true
    WHERE survivors.case_id = ANY (the_cases)
    GROUP BY survivors.case_id
    HAVING bool_and(coalesce(newest.stands, false));
$$;
