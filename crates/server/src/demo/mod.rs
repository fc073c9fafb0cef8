//! `seathold demo`: the whole service on one screen. A thousand buyers race for
//! one seat, two hundred fill a hall and pay, and the books balance.

mod client;
mod hall;
mod race;
mod verdict;

use std::io::{Error as IoError, ErrorKind};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::client::Buyer;
use self::verdict::Verdict;
use crate::cli::port;
use crate::config::whole;
use crate::{Config, Server, report};

/// Why the demo cannot go on.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long the buyers wait for one answer.
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// What the demo is asked to do.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// Stop after the verdict; exit status 1 if it fails
    #[arg(long)]
    exit: bool,
    /// Port to serve on; a free one is taken if it is in use
    #[arg(long, env = "PORT", default_value = "3000", value_parser = port)]
    port: u16,
    /// Buyers who race for one seat (2 to 5000)
    #[arg(long, default_value = "1000", value_parser = whole::<2, 5_000>)]
    racers: u32,
    /// Buyers who fill a hall of 400 seats and pay (40 to 2000)
    #[arg(long, default_value = "200", value_parser = whole::<40, 2_000>)]
    buyers: u32,
}

/// Runs the demo. `true`: the verdict is good.
///
/// # Errors
/// The server could not start, or did not answer.
pub async fn run(args: DemoArgs) -> Result<bool, Failure> {
    let folder = tempfile::Builder::new().prefix("seathold-demo-").tempdir()?;
    let listener = listen(args.port).await?;
    let config = Config::demo(folder.path().to_owned());
    let server = Server::start(config, listener).await?;
    let base = format!("http://{}", server.address());
    println!("seathold demo on {base}, embedded store in {}", folder.path().display());

    let shows = create_showtimes(&base).await?;
    let mut verdict = Verdict::default();
    println!("\n[1/3] {} buyers, one seat: {}, seat A1", args.racers, shows.race.title);
    verdict.race(&race::run(&base, &shows.race.id, args.racers).await?);
    println!("\n[2/3] {} buyers fill a hall and pay: {}", args.buyers, shows.hall.title);
    verdict.hall(&hall::run(&base, &shows.hall.id, args.buyers).await?);
    println!("\n[3/3] Verify: every invariant, on everything stored");
    let checked = server.service().verify().await.map_err(|error| format!("verify: {error:?}"))?;
    print!("{}", report::table(&checked));
    verdict.books(&checked);

    println!("\n{verdict}");
    if !args.exit {
        print_addresses(&base, &shows.open.id).await?;
        println!("Serving until Ctrl-C.");
        server.until_stopped().await;
    }
    server.shutdown().await;
    Ok(verdict.is_good())
}

/// The port asked for, or a free one if somebody else has it.
async fn listen(port: u16) -> Result<TcpListener, IoError> {
    match TcpListener::bind(("127.0.0.1", port)).await {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            println!("Port {port} is in use: taking a free one.");
            TcpListener::bind(("127.0.0.1", 0)).await
        }
        other => other,
    }
}

struct Show {
    id: String,
    title: &'static str,
}

struct Shows {
    race: Show,
    hall: Show,
    open: Show,
}

async fn create_showtimes(base: &str) -> Result<Shows, Failure> {
    let admin = Buyer::admin(base);
    let rows = |count: u32| {
        json!([
            {"row": "A", "count": count, "seat_type": "vip"},
            {"row": "B", "count": count, "seat_type": "standard"},
            {"row": "C", "count": count, "seat_type": "couple"},
        ])
    };
    let hall: Vec<Value> = ('A'..='T')
        .map(|row| json!({"row": row.to_string(), "count": 20, "seat_type": "standard"}))
        .collect();
    Ok(Shows {
        race: create(&admin, "The Last Seat", "demo-screen-1", rows(10)).await?,
        hall: create(&admin, "Full House", "demo-screen-2", Value::Array(hall)).await?,
        open: create(&admin, "Your Turn", "demo-screen-3", rows(12)).await?,
    })
}

async fn create(
    admin: &Buyer,
    title: &'static str,
    screen: &str,
    rows: Value,
) -> Result<Show, Failure> {
    let showtime = json!({
        "title": title, "movie_id": "demo-movie", "cinema_id": "demo-cinema", "screen_id": screen,
        "start_time": "2099-01-01T19:30:00.000Z", "end_time": "2099-01-01T22:00:00.000Z",
        "currency": "VND", "price": {"standard": 100_000, "vip": 150_000, "couple": 250_000},
        "layout": {"rows": rows},
    });
    let made = admin.post("/api/admin/showtimes", &showtime).await?.expect(201)?;
    let id = made["id"].as_str().ok_or("a showtime without an id")?.to_owned();
    Ok(Show { id, title })
}

/// One hold that waits for its payment, and what to try next.
async fn print_addresses(base: &str, showtime: &str) -> Result<(), Failure> {
    let you = Buyer::new(base, "you");
    let held = you.hold(showtime, &["A5".to_owned()]).await?.expect(201)?;
    let booking = held["booking_id"].as_str().unwrap_or_default();
    let session = you.confirm(booking, "momo").await?.expect(200)?;
    println!("API documentation   {base}/api/docs");
    println!("Metrics             {base}/metrics");
    println!("Pay for seat A5     {}", session["payment_url"].as_str().unwrap_or_default());
    println!("  and read it       curl -s {base}/api/bookings/{booking} -H 'X-User-Id: you'");
    println!("Hold a seat yourself:");
    println!("  curl -si {base}/api/bookings/hold -H 'X-User-Id: you' \\");
    println!("    -H 'Content-Type: application/json' -H 'X-Idempotency-Key: {}' \\", you.key());
    println!("    -d '{{\"showtime_id\":\"{showtime}\",\"seats\":[\"B7\",\"B8\"]}}'");
    Ok(())
}
