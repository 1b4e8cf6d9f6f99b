//! What each request does, and what is answered, for people and for programs.

use super::AdminContext;
use super::audit::AuditEntry;
use super::error::AdminError;
use super::json::Json;
use super::protocol::{OutputFormat, Request};
use crate::chat::admin_command::{BanCommand, BanInfo, RoomInfo, UserInfo};
use crate::chat::mutes::MuteInfo;
use crate::ops::metrics;
use crate::protocol::duration;
use whippet::net::UnixStream;
use whippet::runtime::{Dump, Handle};

/// An answer, for people and for programs.
struct Response {
    /// Lines for people.
    text: String,
    /// The same for programs.
    json: Json,
}

impl Response {
    /// A sentence, and what programs read of it beside.
    fn message<const N: usize>(sentence: String, members: [(&str, Json); N]) -> Self {
        let mut json = vec![("answer".to_owned(), Json::text(&sentence))];
        json.extend(members.map(|(name, value)| (name.to_owned(), value)));
        Self { text: sentence + "\n", json: Json::Object(json) }
    }

    /// A list with this name: a line for each.
    fn list<T>(name: &str, all: &[T], line: fn(&T) -> String, one: fn(&T) -> Json) -> Self {
        let text = all.iter().map(|one| line(one) + "\n").collect();
        Self { text, json: Json::object([(name, Json::list(all, one))]) }
    }
}

/// Executes a request of the peer, and returns the response in the format that was asked for, or why not.
pub(super) async fn execute(
    request: Request,
    form: OutputFormat,
    context: &AdminContext,
    stream: &UnixStream,
) -> Result<String, AdminError> {
    let entry = AuditEntry::new(&request, stream);
    let outcome = run(request, context).await;
    if let Some(mut entry) = entry {
        let reason = outcome.as_ref().err().map(ToString::to_string).unwrap_or_default();
        entry.record(outcome.as_ref().map(|answer| &*answer.text).map_err(|_| &*reason));
    }
    outcome.map(|Response { text, json }| match form {
        OutputFormat::Text => text,
        OutputFormat::Json => format!("{json}\n"),
    })
}

/// Executes a request.
async fn run(request: Request, context: &AdminContext) -> Result<Response, AdminError> {
    Ok(match request {
        Request::Stats => stats(metrics::exposition(&context.handle)),
        Request::Tasks => tasks(&Handle::current().dump()),
        Request::Reload => reload(context).await?,
        Request::Shutdown => {
            context.shutdown.cancel();
            Response::message("the server stops".to_owned(), [])
        }
        request => ask_broker(request, context).await?,
    })
}

/// What the broker does.
async fn ask_broker(request: Request, context: &AdminContext) -> Result<Response, AdminError> {
    let handle = &context.handle;
    Ok(match request {
        Request::Who => Response::list(
            "people",
            &handle.who().await.ok_or(AdminError::BrokerUnavailable)?,
            person,
            person_json,
        ),
        Request::Rooms => Response::list(
            "rooms",
            &handle.rooms().await.ok_or(AdminError::BrokerUnavailable)?,
            room,
            room_json,
        ),
        Request::Mutes => Response::list(
            "mutes",
            &handle.mutes().await.ok_or(AdminError::BrokerUnavailable)?,
            mute,
            mute_json,
        ),
        Request::Bans => {
            let bans = handle.bans().await.ok_or(AdminError::BrokerUnavailable)?;
            Response::list("bans", &bans, |ban| ban.description.clone(), ban_json)
        }
        Request::Close(typed) => {
            let (name, reason) = split(&typed);
            let (name, people) =
                handle.close_room(name, reason).await.ok_or(AdminError::BrokerUnavailable)??;
            let who = crate::protocol::encode::people_count(people as u64);
            let members = [("room", Json::text(&name)), ("people", Json::count(people))];
            Response::message(format!("{name} is closed; {who} had to leave it"), members)
        }
        Request::Kick(typed) => {
            let (asked, reason) = split(&typed);
            if duration::parse_prefix(&reason).is_some() {
                return Err(AdminError::TimedKick);
            }
            let kicked = handle
                .kick(asked.clone(), reason.clone())
                .await
                .ok_or(AdminError::BrokerUnavailable)?;
            let nick = kicked.ok_or(AdminError::UnknownNick(asked))?;
            Response::message(format!("{nick} was kicked"), [("nick", Json::text(nick))])
        }
        Request::Mute(typed) => {
            Response::message(handle.mute(typed).await.ok_or(AdminError::BrokerUnavailable)??, [])
        }
        Request::Unmute(nick) => {
            let nick = handle.unmute(nick).await.ok_or(AdminError::BrokerUnavailable)??;
            Response::message(format!("{nick} is not muted any more"), [("nick", Json::text(nick))])
        }
        Request::Ban(typed) => moderate(context, BanCommand::Ban(typed)).await?,
        Request::Unban(typed) => moderate(context, BanCommand::Unban(typed)).await?,
        Request::Say(text) => {
            let people =
                handle.broadcast_notice(text.clone()).await.ok_or(AdminError::BrokerUnavailable)?;
            Response::message(format!("told to {people}"), [("people", Json::count(people))])
        }
        // Ping: the others are handled above.
        _ if metrics::is_healthy(handle).await => {
            Response::message("the server answers".to_owned(), [])
        }
        _ => return Err(AdminError::BrokerUnavailable),
    })
}

/// The first word of what was typed, and what stands behind it.
fn split(typed: &str) -> (String, String) {
    let (word, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    (word.to_owned(), rest.trim().to_owned())
}

/// Changes the bans, and says what came of it.
async fn moderate(context: &AdminContext, act: BanCommand) -> Result<Response, AdminError> {
    Ok(Response::message(
        context.handle.apply_ban_command(act).await.ok_or(AdminError::BrokerUnavailable)??,
        [],
    ))
}

/// Has the settings read anew.
async fn reload(context: &AdminContext) -> Result<Response, AdminError> {
    let applied = context.reloads.reload().await.ok_or(AdminError::Stopping)??;
    let names = |keys: &[&str]| Json::List(keys.iter().map(Json::text).collect());
    let now = match &applied.live[..] {
        [] => "nothing new that is taken at once".to_owned(),
        keys => format!("taken over: {}", keys.join(", ")),
    };
    let later = match &applied.needs_restart[..] {
        [] => String::new(),
        keys => format!("; taken with the next start: {}", keys.join(", ")),
    };
    let members =
        [("taken", names(&applied.live)), ("with_next_start", names(&applied.needs_restart))];
    Ok(Response::message(format!("settings read anew, {now}{later}"), members))
}

/// A user.
fn person(one: &UserInfo) -> String {
    let UserInfo { nick, address, rooms, pending } = one;
    let rooms = counted(*rooms, "room");
    format!("{nick}, from {address}, in {rooms}, owed {pending} bytes")
}

fn person_json(one: &UserInfo) -> Json {
    Json::object([
        ("nick", Json::text(&one.nick)),
        ("address", Json::text(one.address)),
        ("rooms", Json::count(one.rooms)),
        ("owed_bytes", Json::Number(one.pending)),
    ])
}

/// A room.
fn room(one: &RoomInfo) -> String {
    let RoomInfo { name, users, created_from, slow, topic } = one;
    let people = crate::protocol::encode::people_count(*users as u64);
    let from = created_from.map_or(String::new(), |from| format!(", made from {from}"));
    let slow =
        slow.map_or(String::new(), |every| format!(", {}", duration::format_slow_mode(every)));
    let topic = topic.as_ref().map_or(String::new(), |topic| format!(", about {topic}"));
    format!("{name}, {people}{from}{slow}{topic}")
}

fn room_json(one: &RoomInfo) -> Json {
    let topic = one.topic.as_deref().map(crate::chat::bans::unquoted);
    Json::object([
        ("name", Json::text(&one.name)),
        ("people", Json::count(one.users)),
        ("made_from", Json::option(one.created_from, Json::text)),
        ("slow_seconds", Json::option(one.slow, |every| Json::Number(every.as_secs()))),
        ("topic", Json::option(topic, Json::text)),
    ])
}

/// A muted user.
fn mute(one: &MuteInfo) -> String {
    let MuteInfo { nick, address, rest } = one;
    let from = address.as_ref().map_or(String::new(), |from| format!(", from {from}"));
    let lasts = rest
        .map_or("until it is ended".to_owned(), |rest| format!("for {}", duration::format(rest)));
    format!("{nick}{from}, {lasts}")
}

fn mute_json(one: &MuteInfo) -> Json {
    Json::object([
        ("nick", Json::text(one.nick)),
        ("address", Json::option(one.address.as_ref(), Json::text)),
        ("seconds_left", Json::option(one.rest, |rest| Json::Number(rest.as_secs()))),
    ])
}

fn ban_json(one: &BanInfo) -> Json {
    Json::object([
        ("target", Json::text(&one.target)),
        ("until", Json::option(one.until, Json::Number)),
        ("reason", Json::text(&one.reason)),
    ])
}

/// The metrics: samples by their names, with their labels.
fn stats(text: String) -> Response {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ')?;
        let number = value.parse().map(Json::Number);
        let value = number.or_else(|_| value.parse().map(Json::Decimal)).ok()?;
        Some((name.to_owned(), value))
    };
    let json = Json::Object(samples.filter_map(sample).collect());
    Response { text, json }
}

/// The state of every task.
fn tasks(dump: &Dump) -> Response {
    let tasks = Json::list(dump.tasks(), |task| {
        Json::object([
            ("task", Json::text(task.id())),
            ("state", Json::text(format!("{:?}", task.state()).to_lowercase())),
            ("age_seconds", Json::Decimal(task.age().as_secs_f64())),
            ("polls", Json::Number(task.polls().into())),
            ("spawned_at", Json::text(task.spawned_at())),
            ("future", Json::text(task.future_name())),
        ])
    });
    Response { text: dump.to_string(), json: Json::object([("tasks", tasks)]) }
}

/// A number of things.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_members_with_their_labels() {
        let text = "# TYPE a gauge\na 1\nb_total{reason=\"x y\"} 2\nc_sum 0.25\n# EOF\n";
        let wanted = "{\"a\":1,\"b_total{reason=\\\"x y\\\"}\":2,\"c_sum\":0.25}";
        assert_eq!(stats(text.to_owned()).json.to_string(), wanted);
    }

    #[test]
    fn a_sentence_stands_among_its_members() {
        let answer = Response::message("told to 2".to_owned(), [("people", Json::count(2))]);
        assert_eq!(answer.text, "told to 2\n");
        assert_eq!(answer.json.to_string(), "{\"answer\":\"told to 2\",\"people\":2}");
    }
}
