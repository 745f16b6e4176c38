-- The next due message of a sender in one step, however many messages there are. Before, the list of
-- all that was due was led by the instant alone, so that every claim walked past the messages of
-- other senders and of the other steps. Each index ends in the row id by itself.
CREATE INDEX messages_due_first_steps ON messages (sender, due_at)
    WHERE state IN ('scheduled', 'deferred') AND number = 1;
CREATE INDEX messages_due_follow_ups ON messages (sender, due_at)
    WHERE state IN ('scheduled', 'deferred') AND number > 1;
