-- A client's tokens that were issued before this time are refused, whatever their expiry says. Only the ids of
-- revoked tokens are stored, so the tokens that a thief got with a stolen secret cannot be revoked one by one. Null
-- refuses none. All tokens of a client with disabled_at are refused.
--
-- Like revocations, it is in force within 60 seconds: instances read it with them.
alter table clients add column tokens_valid_from timestamptz;
