/*
 * The contents of the demo, as text that a person can read and extend; `demo.ts` acts it out.
 *
 * A project is a block. Its first line: key | name | workspace | visibility | description. Its second line: who has
 * which level, `*` marking an external whom the project took as internal. Then one task a line, oldest first:
 *
 *     Title [tags] | description | speaker: comment | speaker (public): comment …
 *
 * Tags pin what is otherwise drawn by lot: a privacy, a priority, a status (the awaited one's name after it; a task
 * awaits the task on the line above), `from` its author, `for` its solver. Else the first who speaks and may be the
 * solver is. Where an external takes part the task and its comments are public.
 */
export interface DemoPerson {
  /** The login name, which never changes. */
  subject: string;
  name: string;
  email: string;
}

export interface DemoCompany {
  name: string;
  /** `subject` and membership of each, the founder first. */
  members: string;
  /** Names and closing policies beside the first workspace, which is General. */
  workspaces: string;
  projects: readonly string[];
}

export const demoPeople: readonly DemoPerson[] = [
  { subject: 'ada', name: 'Ada Lindqvist', email: 'ada@fernholt.example' },
  { subject: 'ben', name: 'Ben Okafor', email: 'ben@fernholt.example' },
  { subject: 'clara', name: 'Clara Weiss', email: 'clara@fernholt.example' },
  { subject: 'deniz', name: 'Deniz Aydın', email: 'deniz@fernholt.example' },
  { subject: 'emil', name: 'Emil Novák', email: 'emil@fernholt.example' },
  { subject: 'farah', name: 'Farah Haddad', email: 'farah@fernholt.example' },
  { subject: 'gustav', name: 'Gustav Holm', email: 'gustav@fernholt.example' },
  { subject: 'lena', name: 'Lena Brandt', email: 'lena@fernholt.example' },
  { subject: 'hana', name: 'Hana Kovács', email: 'hana@kovacs-survey.example' },
  { subject: 'ivo', name: 'Ivo Marchetti', email: 'ivo.marchetti@city.example' },
  { subject: 'kaja', name: 'Kaja Tillermann', email: 'kaja@tillermann.example' },
  { subject: 'mateo', name: 'Mateo Ruiz', email: 'mateo@tillermann.example' },
  { subject: 'nadia', name: 'Nadia Petrova', email: 'nadia@tillermann.example' },
  { subject: 'olaf', name: 'Olaf Brenner', email: 'olaf@tillermann.example' },
  { subject: 'piet', name: 'Piet de Vries', email: 'piet@tillermann.example' },
  { subject: 'quinn', name: 'Quinn Adeyemi', email: 'quinn@tillermann.example' },
  { subject: 'rosa', name: 'Rosa Silva', email: 'rosa@tillermann.example' },
  { subject: 'sam', name: 'Sam Whitaker', email: 'sam@pixelwharf.example' },
  { subject: 'tove', name: 'Tove Nilsen', email: 'tove@nilsen-mill.example' },
];

const bridge = `
BRIDGE | Harbour Road bridge renewal | Client projects | MEMBERS | A new deck and bearings for the four-span road bridge of 1964, built in two halves so that one lane stays open.
ben MANAGE, deniz EDIT, emil EDIT, farah EDIT, hana* EDIT, ivo COMMENT
Collect the as-built drawings from the city archive | The set of 1964 is on microfilm: order scans of sheets 1 to 38 and check that the reinforcement details are legible. | farah: Sheets 22 and 23 are unreadable. The archive scans the paper originals for us. | ben: Thanks. Leave the task open until they are in the project folder.
Survey the deck and both abutments | Total station and drone, 20 mm tolerance. Lane closures are agreed with the traffic office for two nights. | hana: First night done, the north abutment is complete. Wind stopped the drone at two o'clock. | ben: Take the second night as planned, the permit covers Thursday too. | hana: Point cloud and control report are uploaded. The east bearing shelf sits 14 mm lower than in 1998.
Take concrete cores at piers 2 and 3 | Six cores each, for chloride profile and compressive strength. Close the holes with repair mortar the same day.
Report the chloride content of the deck | Compare the profiles with the limit of 0.4 % of the cement mass and show where the front has reached the steel. | emil: Spans 1 and 4 are over the limit down to 45 mm. Patch repair is off the table there. | deniz: That settles the variant, I think. Could you add the map per span?
Rate the existing deck for 44-tonne traffic [CLOSED, HIGH] | Rating of all four spans with the measured strengths; the city wants to know whether the weight limit can wait until the closure.
Compare strengthening with replacement [PUBLIC] | Cost, closure time and carbon over 60 years for three variants: two pages and one table for the council. | deniz: Replacement in two halves is eleven weeks longer but saves the second closure in 2041. | ivo: The council asked for the cost of the bus diversion as well. | deniz: Added as a line of its own, variant B now comes out 3 % cheaper.
Present the variants to the council committee [PUBLIC, CLOSED, for ben] | Fifteen minutes, then questions. Bring the traffic model and the physical section of the bearing. | ivo: Unanimous for variant B. Congratulations to all of you. | ben: Thank you, the minutes are in the folder.
Drill borings behind the south abutment | Three borings to 18 m with groundwater gauges, so that we know what the temporary sheet pile stands in. | emil: Boring 2 met an old timber grillage at 6.4 m. I would like a fourth one. | ben: Agreed up to 9,000. Please book it against the risk item.
Agree the diversion route with the bus company [CANCELLED] | Lines 14 and 27 would go over Mill Street in both directions during phase 1. | ben: No longer needed: with variant B one lane stays open for buses.
Screen the river works for protected species | The sand martins nest in the north bank from April to August; find out what that means for piling.
Draw the general arrangement of the new deck | Plan, elevation and three sections as the basis of the permit application.
Design the elastomeric bearings [HIGH, CLOSURE_REQUESTED] | Loads from the rating model with 1.35 on traffic. Check the uplift at the west end of span 4. | deniz: Calculation and drawing are done, uplift is covered by the tie-down. Please close. | ben: Will read it tonight.
Model the demolition stage by stage [HIGHEST, IN_PROGRESS] | Every cut changes the load path of the half that carries traffic. Show the stresses for all nine stages. | deniz: Stages 1 to 5 are fine. Stage 6 exceeds the shear capacity at pier 2 by 8 %. | farah: Would a temporary tower at pier 2 fit between the fairway marks? | deniz: It would, 30 cm to spare. I run it with the tower.
Answer the checking authority on the deck design [PUBLIC, AWAITING_MEMBER ivo] | Eleven remarks, four of them on the joint at the construction phase. | deniz: Ten remarks are answered. Remark 7 needs the city's decision on the salt spray zone. | ivo: I ask our maintenance division and come back to you on Monday.
Draw the reinforcement of the abutments [AWAITING_TASK] | Bar schedules for both abutments with couplers at the phase joint. | farah: I wait for the authority's word on the joint before I detail the couplers.
Move the water main and the fibre duct [AWAITING_OWNER] | The utilities need the final route of the temporary pipe bridge to price their part.
Claim the fee for the additional borings [PRIVATE, from ben, for ada, HIGH] | Boring 4 and the extra laboratory tests were ordered by word of mouth. Draft a letter that keeps the peace. | ada: I would name the sum and offer to waive the overhead. | ben: Good, I send it after the site meeting.
Set up the monitoring of the quay wall | Prisms every 8 m, reading every two hours during piling, alarm at 6 mm. | hana: The harbour master allows prisms on the bollards but not on the lamp posts. | ben: Bollards are fine. Please send me the plan of the sight lines. | hana: Sent. Two prisms move by a metre each.
Write the traffic management plan for phase 1 [CANCELLATION_REQUESTED] | One lane with lights, pedestrians on the downstream side. | emil: The city's traffic office writes this itself now, I propose to cancel. | ben: Let me ask them for that in writing first.
Put together the tender documents | Specification, bill of quantities, drawings and the geotechnical report, in the city's format.
Estimate the cost after detailed design [INTERNAL] | Update the June estimate with the steel price of this month and the temporary tower.
Plan the noise and vibration measures | Night work only for the four critical lifts. List the houses within 60 m and who informs them.
Walk through the buildability with two contractors | Ask for their view on crane positions, barge access and the length of the night closures.
Prepare the evidence survey of neighbouring houses [PUBLIC] | Photographs and crack gauges in 23 houses before the first pile, with the owners' consent.
Hand over the tender to the city [PUBLIC, HIGH] | Two paper sets and the upload to the procurement portal, with the receipt filed here.
`;

const hall = `
HALL | Production hall for Tillermann | Client projects | INTERNAL | Structure and building physics of a bakery hall of 4,200 m² with a flour silo, ovens and a cold store.
lena MANAGE, deniz EDIT, farah EDIT, emil EDIT, piet COMMENT
Agree the loads of the oven line with the supplier | Static and dynamic loads of three deck ovens and the proofer, with the positions of the feet. | deniz: The supplier's sheet shows the empty weights only. | lena: Asked for the loaded ones, they come with the vibration figures.
Choose the column grid | 6 by 18 m or 8 by 20 m: compare steel weight, forklift aisles and the cost of the foundations. | deniz: 8 by 20 saves nine columns but the purlins grow by a size. | lena: The client's aisles decide it: 8 by 20.
Investigate the ground under the silo | Two borings and a cone test at the silo, where the old fish pond was filled in 1972. | emil: Peat from 2.1 to 3.8 m, exactly under the silo. Piles, then. | lena: Let us show the client both options before we say piles. | emil: Fair. Soil exchange comes out at 70 % of the cost but six weeks longer.
Sketch three variants of the roof [CLOSED] | Trusses, glulam or cellular beams, each with the route of the exhaust ducts.
Check the fire resistance of the steel frame | R 30 by intumescent paint or by calculation with the sprinkler; the insurer's view counts too.
Calculate the heat and moisture of the proofing room [PUBLIC] | 38 °C at 85 % humidity beside a cold store: condensation is the risk. | piet: The room runs day and night from October to Easter, please assume no drying phase. | lena: Understood. The wall gets a ventilated inner skin and a vapour barrier of steel sheet.
Draw the foundation plan | Pad footings on the 8 by 20 grid, pile caps under the silo, one joint at the cold store.
Design the slab of the cold store | Under-slab heating against frost heave, insulation 200 mm, forklift wheel loads of 32 kN.
Apply for the building permit [CLOSED, HIGH, PUBLIC] | Structural part of the application with the summary for the checking engineer. | lena: Handed in on Tuesday, the file number is in the description of the folder. | piet: Kaja is very happy. We bring cake to the next meeting.
Detail the pile caps of the silo | 24 piles in two groups, anchor bolts as the silo maker's template wants them. | emil: The template came in inches. I converted it and asked for a confirmed drawing. | lena: Do not release anything before it is confirmed, please.
Coordinate openings with the ventilation planner [IN_PROGRESS] | 43 openings in the roof, some of them across a main beam. | farah: Eight openings clash with beams on axis D. | lena: Five of them can move by 40 cm. The other three need a trimmer.
Model the frame for earthquake and wind [IN_PROGRESS] | Zone 1, but the silo makes it sway: separate the two structures or show that they agree.
Write the concrete specification [AWAITING_MEMBER emil] | Exposure classes per part, with the sugar and fat attack in the production area.
Compare offers for the glulam purlins [CANCELLED] | Three suppliers, price and delivery in week 30.
Answer the insurer about the cold store panels [AWAITING_PROJECT SAFE] | They want mineral wool cores and a hot-works procedure for the whole site.
Clarify the drainage of the washing area [PUBLIC, AWAITING_OWNER, for farah] | Fall of 2 % towards two channels, fat separator outside the building. | farah: May the channels cross the forklift route, or do we turn the fall around? | piet: Crossing is fine if the gratings take a loaded forklift.
Fee negotiation for the extra planning round [PRIVATE, from lena, for ada] | The client changed the oven line after the permit. Forty hours of rework, two of them our own fault. | ada: Ask for thirty. They are a customer for the next twenty years. | lena: Thirty it is.
Draw the workshop details of the cellular beams [HIGH] | Openings, stiffeners and the end plates for the bracing. | farah: The first six sheets are ready for a check. | deniz: Checked. Sheet 4 lacks the weld size at the stiffener. | farah: Corrected, revision B is up.
Suspend the photovoltaic loads until the grid answer [SUSPENDED] | 0.25 kN/m² is kept in reserve. The grid operator decides in autumn how much may be fed in.
Check the crane concept of the steel contractor | Two mobile cranes on the fresh slab: verify the outrigger loads over the ducts.
Inspect the reinforcement of the pile caps | Before the pour: cover, couplers, anchor templates. Photographs into the log.
Plan the settlement readings of the silo | First reading empty, then at 25, 50 and 100 % filling.
Prepare the handover file for the client [PUBLIC] | As-built drawings, inspection reports, maintenance instructions for roof and bearings.
Visit the mill to see their silo in service [LOW] | Half a day: how they deal with vibration of the discharge cone.
Hold the lessons-learned round | One hour, all disciplines, three things to keep and three to change.
`;

const desk = `
DESK | Client service desk | Service | EXTERNAL | Short requests of our clients: questions on handed-over structures, inspections, small expert opinions.
farah MANAGE, ben EDIT, emil EDIT, deniz EDIT, ivo EDIT, piet EDIT, hana COMMENT
Crack in the stair tower of the school at Birch Lane [from ivo] | The caretaker reports a diagonal crack from the window to the landing, about 2 mm wide. Photographs are attached to his mail. | emil: I put two gauges on it this morning. It looks old, the paint runs into it. | ivo: Good to hear. Can the classes go on? | emil: Yes. I read the gauges again in four weeks.
Which load may stand on the town hall balcony [from ivo] | A choir of forty would like to sing from it in December. | deniz: Forty people are 32 kN, the balcony takes 5 kN/m². It is fine if nobody jumps in time. | ivo: I will ask for slow songs.
Inspection of the footbridge at the lido [from ivo] | Due every six years; the last report is of 2019.
Replace the expansion joint at Station Bridge [from ivo, HIGH] | Residents complain about the noise of every lorry. What does a silent joint cost? | ben: About 48,000 with night work. I send you two references. | ivo: The budget of this year has 40,000. Could one lane go first?
Old structural drawings of the indoor pool [from ivo, CLOSED] | The planners of the new roof need them by the end of the month.
Fall protection on the bakery roof in Oak Street [from piet] | Our chimney sweep refuses to go up without anchor points. How many, and where? | farah: Six anchors along the ridge, drawing attached. The purlins can take them. | piet: Ordered. Thank you for the quick answer.
Floor load for a second deck oven in the Oak Street shop [from piet] | 1,450 kg on four feet, above the cellar. | deniz: Not without a beam below. The vault was never meant for that. | piet: Pity. What would the beam cost? | deniz: Roughly 3,200 with the two posts.
Damp wall behind the cold room [from piet] | Dark spots along the joint, worse since the winter.
Snow load on the tent of the Christmas market [from ivo, CANCELLED] | The tent firm says 0.2 kN/m² is enough. Is it? | emil: Only if somebody clears it. We would need a snow plan signed by the organizer. | ivo: They have decided for open stalls, so this can go.
Opinion on the retaining wall at Vineyard Road | The neighbour wants to build right above it; the city asks what the wall can take.
Shaking pedestrian ramp at the station [from ivo, HIGH] | Joggers feel it swing. Measure and tell us whether we have to close it. | hana: I can lend you two accelerometers for the weekend. | emil: Gladly, Saturday morning would be perfect.
Bullet list of repairs for the multi-storey car park [from ivo, IN_PROGRESS] | For the budget round: what must be done in one, in three and in ten years. | ben: The list is drafted, the coating of level 3 is the expensive part.
Certificate for the silo foundation [from piet, CLOSURE_REQUESTED] | The insurer wants a paper that names the permitted filling. | emil: Certificate is signed and uploaded, I ask for closure.
Loose coping stones at the cemetery wall [from ivo, AWAITING_OWNER] | Two stones came down in the storm. Is the rest safe? | emil: 60 m are fine, 15 m need new dowels. Do you want us to ask for offers?
Bearing noise at Canal Bridge in hot weather [from ivo, AWAITING_MEMBER hana] | A loud bang around noon on hot days. | emil: We need the movement over one hot day. Hana, could you measure? | hana: From the 12th on. I bring the long-range prisms.
Anchors for a mural scaffold [from ivo, SUSPENDED] | The artist needs eight anchors in the gable of the library. | deniz: On hold until the heritage office answers.
Complaint about our invoice for the lido report [PRIVATE, from farah, for ben] | The client says the site visit was included. The offer is not clear on it. | ben: They are right, our offer says inclusive. I would credit it. | farah: Credit note is written.
Guideline for requests after office hours [INTERNAL, for farah] | Who answers the phone, what is an emergency, and how it is billed. | ben: I can take the first two weekends. | farah: Entered in the rota, thank you.
Railing heights in the kindergarten at Elm Square [from ivo] | The safety inspector measured 88 cm at the gallery.
Noise of the new exhaust fan on the roof [from piet] | The neighbours hear it since Monday. May we put a hood around it? | deniz: The frame can carry 180 kg more. Send me the hood's data sheet, please.
Load test of the gymnasium rings [from ivo] | Twelve anchors, test certificate for the school office.
Hanging points for the exhibition in the market hall [from ivo] | A whale skeleton of 900 kg on six ropes for three months.
Quick check of a barn conversion | The owner asks whether a storey can be added before he buys.
Tree beside the retaining wall at Mill Pond [from ivo, LOW] | The roots lift the coping. Fell the tree or rebuild the wall?
Yearly inspection plan for all city bridges [from ivo, HIGH] | 31 structures; the plan must be with the council before the budget.
`;

const bim = `
BIM | Drawing and model standard | General | INTERNAL | One template, one library and one way to exchange models, so that nobody draws a title block twice.
farah MANAGE, deniz EDIT, lena EDIT, emil EDIT, clara EDIT
Count the templates that are in use [CLOSED] | Every office has its own. List them with the layers and text styles that differ. | farah: Seventeen, of which four are called final. | lena: Mine is final_2, sorry.
Agree the layer names | German and English names side by side, one colour table, no personal layers.
Draw the new title block | Fits A0 to A3, with the revision table at the bottom and the QR code of the folder. | farah: The QR code works down to A3. | clara: The logo may be smaller. Clients know who we are.
Test the model exchange with two architects | Send the same frame through IFC 2x3 and 4 and note what gets lost. | deniz: IFC 4 keeps the profiles, 2x3 turned the haunches into lumps. | farah: Then 4 is the default, and 2x3 only on request.
Set up the shared component library | Anchors, bearings, pile caps, couplers: each with one owner who answers for it.
Write the page on model origins and axes | Every model has the project's base point, and north is up on every sheet.
Convert the old details to the new template [LOW] | 212 details. Throw away what nobody has opened since 2017. | emil: 90 are left after the first clearing. | farah: Better than I hoped.
Automate the plot of drawing sets | One button: PDF, file name by the key, transmittal list. | deniz: The script runs at night and mails the list of failures. | farah: Great. It needs a switch for drafts.
Replace the plotter [CANCELLED] | The old one smears, a new one is 6,400. | farah: We printed nine sheets last quarter. I cancel this and use the copy shop.
Train the team on clash detection | Two afternoons with a real project; everybody brings their own clash.
Decide how long models are kept | Contract says ten years, the archive has room for six.
Review the pilot on the Harbour Road bridge [AWAITING_PROJECT BRIDGE] | The bridge team tells us what broke with the new template. | farah: The tender set is the real test, so we wait for it.
Tidy the text styles [IN_PROGRESS] | Two fonts, four heights, nothing else.
Let quantities come out of the model [IN_PROGRESS, HIGH] | Concrete and steel per part into a table that the tender software reads. | lena: Concrete agrees within 1 %. Reinforcement is off because of the couplers. | deniz: Couplers are a family without mass. I add it. | lena: Now 0.6 %. Good enough for a tender.
Licences for the viewer on site tablets [AWAITING_OWNER] | Twelve tablets; the free viewer cannot measure. | emil: Do we need measuring for everyone or for the two site engineers only?
Naming of revisions after the tender [CLOSURE_REQUESTED] | Letters before, numbers after. | lena: Page is written and linked, may be closed.
Who may change the library [PRIVATE, from clara, for farah] | Last month somebody moved the insertion point of the anchor bolts. Speak with him before we lock it for everyone. | farah: Talked to him, it was the plug-in. No need for a lock.
Compare two plug-ins for reinforcement [SUSPENDED] | Trial licences end in eight weeks; we pause until the abutment drawings are out.
Check list before a model leaves the house | One page: purge, origin, phases, rights, file name. | deniz: Draft is up, eleven points. | lena: Twelve: nobody checks the units. | deniz: Added, with the story of the inches.
Write the short guide for freelancers | How to get the template, where to save, whom to ask. Four pages at most.
Move the library to the new server | Over a weekend, with the old path left as a pointer for a month.
Measure how long a model takes to open | Three typical models, three computers; decide whether to split them.
Prepare the model viewer for council meetings [LOW] | A walk through the bridge on a tablet, without a mouse.
Ask the clients what they do with our models | Ten calls, five questions. Some may only ever open the PDF.
Collect requests for the next version of the template | Until the end of the quarter, then one release and no changes for half a year.
`;

const safe = `
SAFE | Site safety programme | General | EVERYONE | What keeps people unhurt on our sites, open to everybody who sets foot on them.
clara MANAGE, ben EDIT, emil EDIT, lena EDIT, gustav EDIT, hana COMMENT, piet COMMENT
Publish the safety rules for visitors [PUBLIC, CLOSED] | One page with pictures, in five languages. | clara: The page hangs at both gates and is the first thing in the visitor app. | piet: Could we have it in Polish too? Two of our fitters would be glad. | clara: Polish is printed from today.
Order helmets and vests for guests | Twenty sets in three sizes, stored at the site office.
Renew the first-aid certificates | Nine of us are due; the course of the fire brigade has places in two weeks. | gustav: Seven are booked. Emil and Ben clash with the borings. | emil: I can do the evening course in the other week.
Measure the noise at the pile driver [PUBLIC] | At the crew, at the fence and at the nearest window. | hana: 96 dB at the crew, 78 at the fence. Raw data are in the folder. | ben: Ear protection is now compulsory inside the fence.
Draw the rescue plan for the pier foundation | How a hurt person gets out of the cofferdam within ten minutes; tried with the fire brigade.
Inspect all ladders and scaffolds | Label with the next date, scrap what is bent. | ben: Two ladders scrapped, one without a label found in the container. | clara: Please photograph the scrapped ones, the insurer asks.
Replace the fire extinguishers in the site office [LOW] | Four of them expire this quarter.
Talk about the near miss at the tower crane [INTERNAL, HIGH] | A sling slipped, nobody was below. What did we see, and what do we change? | ben: The hook had no latch. It was reported the week before and nobody owned the report. | clara: So the report gets an owner at once. That is the change. | ben: Latch is replaced, all hooks are checked.
Buy a second defibrillator [CANCELLED] | For the Tillermann site. | gustav: The client has one at the gate that we may use, so I cancel.
Write the hot-works procedure | Permit, fire watch for two hours, names and phone numbers. Needed by the insurer of the bakery hall.
Plan the safety walk of the quarter [PUBLIC] | Both sites in one day, with the clients. | piet: I can come along at our hall, mornings only. | lena: Then we start at the hall at eight.
Check the lifting accessories | Chains, slings and shackles with their papers. | emil: 61 of 64 are in order, three slings are cut up.
Count the hours without an accident [IN_PROGRESS] | One figure a month for each site, at the gate and in the newsletter.
Agree the lightning rule for crane work [PUBLIC, AWAITING_MEMBER hana] | When to stop, when to go on, who says so. | ben: Hana, which warning service do you use for the drone? | hana: The one of the weather office, I send you the thresholds.
Test the alarm chain [AWAITING_OWNER] | From the call to the ambulance at the gate, without telling the crew. | emil: Shall we warn the fire brigade or is that part of the test?
Talk with the driver after the forklift accident [PRIVATE, from clara, for gustav, HIGHEST] | He is back next week. Fitness, retraining, and that nobody blames him. | gustav: He would like to start with half days. | clara: Of course. I tell the site.
Lighting of the night closures [CLOSURE_REQUESTED] | 50 lux on the walkway without blinding the drivers. | ben: Measured last night, 54 to 70. Please close.
Dust when cutting the old deck [PUBLIC, IN_PROGRESS] | Wet cutting, masks, and a meter at the school fence. | hana: The meter can share the box with my prisms. | ben: Perfect, we bring the mains cable.
Insect bites at the river bank [SUSPENDED, LOW] | Ticks and horseflies. Put on hold until spring.
Fence at the sand martin colony [AWAITING_PROJECT BRIDGE] | 40 m of fence and a sign until the young have left. | emil: The bridge team decides when the bank is free.
Safety induction as a short film [PUBLIC] | Six minutes, no talking, subtitles in five languages.
Emergency drill at the cofferdam | With the fire brigade and a dummy of 80 kg.
Audit by the trade association | They come for a day; the folder has to be complete a week before.
Winter plan for walkways | Grit, lighting, and who comes at five in the morning.
Thank the crews for a year without a serious injury [PUBLIC, LOW] | Breakfast at both sites. The bakery offers to deliver.
`;

const shop = `
SHOP | Online shop and app | Change projects | MEMBERS | Order tonight, collect tomorrow: the shop, the app and what the branches need for them.
quinn MANAGE, nadia EDIT, rosa EDIT, olaf COMMENT, sam* EDIT
Choose the payment methods [CLOSED] | Card, direct debit and cash at the counter; compare the fees for small baskets. | quinn: A roll for 70 cents costs us 35 cents by card. | nadia: Then a minimum of five euros for card payments, and nobody minds.
Photograph the whole range | 84 products from above on the same slate, daylight, no props. | quinn: 60 done. The cakes look better on wood, may I? | nadia: One surface for all, please. Otherwise it looks like three shops.
List the allergens of every product [HIGHEST] | From the recipe cards, checked by quality. No product goes online without it. | rosa: 71 of 84 are checked. The nut corners changed supplier in May. | nadia: Leave them offline until the new data sheet is here.
Design the product page [PUBLIC, CLOSED] | Picture, price per piece and kilo, allergens, collect from. On a phone with one thumb. | sam: Three drafts are in the folder, I favour the second. | quinn: The second, with the larger price.
Collection windows per branch | When may an order be picked up, and until when may it be changed? | nadia: Branches want to bake after ten, so changes end at eight in the evening.
Log in without a password [PUBLIC] | A code by mail or text message; no account needed for a first order. | sam: Codes arrive within four seconds, except at one old mail provider. | quinn: Which share of our customers is that? | sam: Two in a hundred. They get a text message instead.
Connect the shop with the till system | Orders must reach the branch's till as a receipt that is already paid.
Terms and cancellation rules | Fresh goods cannot be returned, but a wrong order must be put right at once.
Loyalty card in the app [CANCELLED] | The tenth loaf free, without paper stamps. | quinn: The till cannot count it before the update next year, so I stop this here.
Load test before the start [PUBLIC, HIGH] | 300 orders in five minutes: that is the Saturday before Easter. | sam: 300 went through. At 450 the tills fall behind by a minute. | quinn: A minute is fine, thank you.
Write the texts for the order mails [PUBLIC] | Friendly, short, with the collection code in large figures.
Pilot in two branches [HIGH, IN_PROGRESS] | Oak Street and Market Square for four weeks, friends and family first. | nadia: First Saturday: 41 orders, two forgotten bags. | quinn: The bags stood behind the bread slicer. We need a shelf. | nadia: Piet builds one for both branches.
Push message when the order is ready [PUBLIC, IN_PROGRESS] | Only for those who want it, never for advertising. | sam: Works on both systems. On one of them the sound is off by default. | quinn: Leave it as it is.
Cakes to order with a text on them [PUBLIC, CLOSURE_REQUESTED] | Up to 30 letters, three days ahead. | sam: Finished, with a preview of the text. Please have a look. | olaf: 30 letters fit on 26 cm, not on 18. | sam: The small one takes 16 now.
Translate the app into four languages [PUBLIC, AWAITING_OWNER, for sam] | English, Turkish, Polish, Ukrainian. | sam: Shall the product names be translated, or only described?
Price list for hotels and canteens [AWAITING_MEMBER olaf] | Own prices, weekly invoice, delivery by six. | nadia: Olaf, how many trays can the night shift take on? | olaf: Forty. More only with the new hall.
Switch wholesale orders to the shop [AWAITING_TASK, for nadia] | Today they arrive by fax, mail and on napkins.
What the agency costs us from next year [PRIVATE, from quinn, for kaja] | Sam's firm raises the daily rate by 12 %. Stay, or build it up ourselves? | kaja: Stay one more year, and learn while we do. | quinn: I negotiate on that basis.
Cookie banner without tricks [PUBLIC, CANCELLATION_REQUESTED] | Refusing is as easy as accepting. | sam: We measure without cookies now, so there is no banner at all. I suggest to cancel this. | quinn: I ask our lawyer and then I cancel with pleasure.
Measure which page loses people [IN_PROGRESS] | From basket to paid: where do they stop? | sam: Half of them stop at the choice of the branch. The map is slow.
Gift cards, printed and by mail [SUSPENDED] | On hold until the tax question is answered.
Accessibility check with real users [PUBLIC, HIGH] | Screen reader, large type, one hand. Three people from the association of the blind test it. | sam: I prepare the test orders and sit beside them.
Show the queue at each branch | A rough figure from the till: short, medium, long.
Summer campaign for the app [LOW] | The first order with an ice cream roll for free.
Plan the start in all 14 branches | Two a week, each with a day of help at the counter.
`;

const plant = `
PLANT | New production hall | Change projects | MEMBERS | The move out of the old bakery: building, ovens, people, and not one day without bread.
piet MANAGE, nadia EDIT, olaf EDIT, rosa EDIT, lena EDIT
Decide how large the hall must be [CLOSED] | 14 branches today, 20 in ten years. Dough, ovens, cold store and dispatch in square metres. | olaf: With two shifts 4,200 are enough. With one shift it would be 6,000. | piet: Two shifts, as today. So 4,200.
Buy the land beside the ring road [INTERNAL, CLOSED, HIGH] | 1.1 hectares from the city, with the right of way for lorries. | piet: Signed this morning. | nadia: Hurray! I tell the branches.
Choose the oven line | Three deck ovens or one tunnel oven: quality of the crust, energy, repair. | olaf: The tunnel bakes evenly but the crust is dull. I will not sign that for the rye. | piet: Deck ovens then, with heat recovery. | olaf: With heat recovery, gladly.
Agree the loads with the engineers [from lena] | Weights, vibration and feet of all machines for the structural design. | lena: I need the loaded weights and the positions of the feet by Friday. | piet: The maker promised them for Thursday. | lena: Received, thank you. They fit the 8 by 20 grid.
Work out the flow of flour, dough and bread | One direction, no crossing of raw and baked. | rosa: The waste route crosses the dispatch twice. | olaf: If waste leaves on the north side it crosses nothing.
Hygiene concept for the wet rooms | Floors, drains, wall corners, and where the hands are washed.
Get the building permit [PUBLIC, CLOSED] | Structural, fire and traffic parts, and the word of the neighbours. | lena: The permit is here, with two conditions on noise. | piet: Both are covered by the hoods on the roof.
Noise of the night deliveries | Lorries leave at three. Measure at the two houses opposite.
Second site as an alternative [CANCELLED] | The old dairy, in case the ring road fails. | piet: The ring road is ours, so this is over.
Order the silo [HIGH] | Two cells of 30 tonnes, filled from the road, with explosion relief. | piet: The offer names eight months. | olaf: Then it is the first thing we order. | piet: Ordered with the option of a third cell.
Settle the soil question under the silo [PUBLIC, CLOSURE_REQUESTED, from piet, for nadia] | Peat below. Piles or soil exchange, and what each does to the date. | lena: Piles: four weeks shorter, 30 % more expensive. Our report is uploaded. | piet: Piles. I close this after the board on Tuesday.
Electrical connection with 1.2 MW [AWAITING_OWNER] | The grid operator wants the load profile of a week. | olaf: A normal week or the week before Christmas?
Plan the move of the sourdough [IN_PROGRESS, HIGHEST] | The mother is of 1931. Two places, two people, two cars. | olaf: I take one half home for the month. | rosa: Please in the calibrated box, with the log. | olaf: With the log. It also gets a name plate.
Ask for offers for the cold store [IN_PROGRESS] | 600 m², minus 20 °C, CO₂ as the refrigerant.
Write the fire protection plan with the insurer [PUBLIC, AWAITING_MEMBER lena] | Panels, sprinkler, flour dust. | piet: Lena, they ask for the class of the panels again. | lena: Mineral wool everywhere, the letter goes out tomorrow.
Colours and floors of the staff rooms [LOW] | The team votes on three boards in the break room.
Shift model for the first year [PRIVATE, from piet, for nadia, HIGH] | Six people would lose the night bonus. Talk with each of them before any plan hangs on a wall. | nadia: Spoke with four, two would even like it. | piet: Good. The works council meets on the 20th.
Concept for the old bakery [INTERNAL, SUSPENDED] | Rent, sell or a shop with a glass oven. Waits for the board's autumn meeting.
Choose the crane days with the steel builder [PUBLIC] | Two weeks without wind and without a delivery through gate 2. | lena: Weeks 31 and 32 would suit the steel builder. | piet: 32 and 33, please. 31 is the town festival.
Cabling of the scales and scanners [AWAITING_TASK] | 64 points; the positions follow the machines.
Train two people per oven | A week at the maker's, then a week of trial baking without selling. | olaf: I want Ayla and Tom on the first oven.
Trial baking of 20 breads | Each bread three days in a row, blind tasting against the old oven.
Inspect the steel frame with the engineers [PUBLIC] | Before the roof is closed: bolts, paint, bracing. | lena: I bring the torque wrench and the list.
Open day for the neighbours [PUBLIC] | Bread from the new oven, and somebody who explains the noise wall.
Plan the move over one weekend | Hour by hour, with a way back until Sunday at noon.
`;

const range = `
RANGE | Recipes and seasonal range | General | INTERNAL | What we bake, how we bake it every time alike, and what comes into the window next season.
olaf MANAGE, rosa EDIT, quinn EDIT, nadia EDIT, tove COMMENT
Write down the rye recipes as they are really baked [HIGH] | The cards say 68 % water and everybody takes more. Weigh for a week and correct them. | rosa: It is 71 % on average, and 74 with the night shift. | olaf: The night shift has the better crumb. 74 it is.
Taste the new spelt flour [PUBLIC, CLOSED] | Four batches beside the usual one, same dough, same hour. | tove: It is from the 2023 harvest and a bit stronger, give it 2 % more water. | olaf: With 2 % more it is the best spelt loaf we have had. We take it.
Cut the salt to 1.6 % | In steps of 0.05 over three months, and see whether anybody notices. | rosa: We are at 1.7 and there was one remark. | olaf: It came from my mother. Go on.
Plum cake for the autumn [CLOSED] | Yeast dough, no crumble, from the first local plums on.
Check the shelf life of the cream slices [INTERNAL] | Laboratory test on day 1, 2 and 3 at 7 °C. | rosa: Day 2 is safe, day 3 is not. The label says two days. | nadia: Told the branches, the tray signs are changed.
Gluten-free bread from our own bakery [CANCELLED] | Without a separate room we cannot promise it. | olaf: With flour in the air there is no honest way. We buy it in.
Price of butter and what follows [INTERNAL] | Up by 22 % since spring. Smaller, dearer, or margarine? | nadia: Dearer by 10 cents. Nobody buys a smaller croissant twice. | quinn: And a sign that says why.
Photographs and texts for the winter range | For the window, the shop and the app at the same time.
Replace palm oil in the doughnuts [PUBLIC] | High-oleic sunflower, tested for taste and for the life of the fat. | rosa: The fat lasts nine shifts instead of twelve. | olaf: That is honest. We change it.
Label for the regional flour [PUBLIC, AWAITING_MEMBER tove] | We may write the mill's name if the wheat is from within 60 km. | rosa: Tove, can you confirm the fields of this harvest? | tove: All but two. I send the list with the lot numbers.
Stollen: fix the recipe and the date [HIGH, IN_PROGRESS] | Three weeks of rest, so the last baking day is in the middle of November. | olaf: Twelve per cent more butter than last year, and the raisins go into rum a week earlier. | quinn: Shall I announce the first day of sale? | olaf: After the tasting, please.
Energy per loaf [IN_PROGRESS] | Measure the old ovens so that the new hall has something to beat.
Recall drill with one lot of sesame [INTERNAL, CLOSURE_REQUESTED] | From the lot number to every branch in under two hours. | rosa: One hour forty, two branches did not answer the phone. Done from my side. | olaf: Read it, good work. I talk to the two branches.
Lentil bread as a daily offer [AWAITING_OWNER] | High in protein, dense, sells well in the pilot. | rosa: Shall the nutrition claim stand on the label or not?
Soft pretzels for the festival [AWAITING_PROJECT STORES] | 6,000 on three days, baked on site. | olaf: The stall and its power are with the branches' team.
Sugar in the sweet rolls [SUSPENDED] | Wait for the result of the salt trial, not both at once.
Complaint of a baker about the overtime list [PRIVATE, from olaf, for rosa] | He says two weekends are missing. Compare with the time clock before anybody speaks of error or intent. | rosa: One weekend was booked on the wrong person. He is right. | olaf: Paid with the next salary, and an apology.
Sourdough log in the app instead of on paper [CANCELLATION_REQUESTED] | Temperature and pH twice a day. | quinn: The paper hangs where the hands are wet. I would leave it and cancel. | olaf: Wait a week, Rosa has an idea with a sensor.
Test wheat of the new harvest [IN_PROGRESS] | Falling number, protein, and above all the baking test. | tove: The first lots are dry and strong, 13.1 % protein. | olaf: Then the rolls need more rest. We bake on Wednesday.
Choose five breads for the hotel list | They must be good on the second day and easy to slice.
Christmas biscuits: tins and weights [LOW] | 250 and 500 g, and a tin that is not thrown away.
Half loaves without drying out | Paper, cut side down, or a band around the cut? Try it in one branch.
Training: shaping by hand | Two evenings for the apprentices, with the retired masters.
Easter range and its pictures | Lamb, wreath and plait; the moulds need new coating.
Summer bread with less yeast | Long and cold fermentation, so that the warm bakery does not run away with it.
`;

const stores = `
STORES | Shops: openings and upkeep | Shops | EVERYONE | Fourteen branches that are open, clean, warm and repaired; and two new ones a year.
nadia MANAGE, piet EDIT, rosa EDIT, quinn EDIT, mateo EDIT, tove COMMENT, sam COMMENT
Coffee machine at Market Square leaks | Water below the counter every morning; the fuse went twice. | piet: The seal of the boiler. Part is ordered, bucket is placed. | nadia: Thank the team for the patience. | piet: Replaced and dry.
New awning for Oak Street [CLOSED] | The wind took the old one. Same colour, with a sensor.
Count the bread that comes back | Per branch and hour for four weeks, then order less in the evening. | nadia: 9 % on average, Lake Road 14. | mateo: Lake Road orders for the swimmers and they go home at five. I talk to them.
Rent for the branch at the station [INTERNAL] | The lease ends in June. They ask for 18 % more. | mateo: I offered 6 and a longer term. | nadia: Eight would still be good business. | mateo: Settled at 7.5 for ten years.
Counter for the new branch at Linden Park [PUBLIC] | Glass, height for wheelchairs, bread at the level of the eyes. | piet (public): The joiner's drawing is here, the low part is 1.2 m wide.
Check of the cooling chain in all branches | Two loggers for two days each. | rosa: Three cabinets are too warm on the top shelf. | piet: Doors adjusted, seals renewed in two. | rosa: Measured again, all in order.
Delivery bay at Market Square [PUBLIC, HIGH] | The city wants us out of the pedestrian zone before seven. | tove: Our lorry could come at half past five, if somebody opens. | nadia: The early shift opens at five. Thank you, that solves it.
Self-service till in one branch [CANCELLED] | Trial of three months. | mateo: People like to be greeted. We stop this.
Pest control: new contract | Monthly visits, report in the app, no poison in the sales room.
Paper bags with the new print [PUBLIC] | 400,000 pieces in three sizes, from recycled paper. | quinn: The printer needs the file by Thursday. | nadia: File approved, with the smaller logo.
Heating at Lake Road [IN_PROGRESS, HIGH] | 14 °C in the morning, and the staff wear coats. | piet: The pump is fine, the valve is stuck. | mateo: How long will it take? | piet: The part comes tomorrow, I fit it myself.
Hire two people for Linden Park [IN_PROGRESS] | Full time, from the first of the month, one with experience at the coffee machine.
Shelf for online orders in the pilot branches [CLOSURE_REQUESTED] | Behind the counter, numbered, within reach of both tills. | piet: Both shelves stand. Please close if the teams are content. | nadia: I ask them on Monday.
Music in the shops [AWAITING_OWNER, LOW] | Licence for fourteen branches, or silence? | quinn: Do we want music at all, before I ask for prices?
Festival stall: power and water [PUBLIC, AWAITING_MEMBER mateo] | 32 amperes for two ovens, water from the fountain house. | piet (public): Mateo, the organizer wants our deposit by Friday. | mateo (public): I pay it tomorrow.
Screen with the waiting time [PUBLIC, AWAITING_PROJECT SHOP] | Shows what the app shows. | sam: The figure comes with the queue display in the app, so first that one. | nadia: Then we wait for it.
Painting of the facade at the station [SUSPENDED] | The landlord puts up a scaffold in spring anyway.
Lights to LED in six branches [AWAITING_TASK] | Warm light for bread, neutral light for the cake counter. | piet: The electrician comes for the facade and this together.
Talk about the till differences at one branch [PRIVATE, CLOSED, from nadia, for mateo, HIGHEST] | 340 euros in six weeks. Could be the new price keys. Check them before asking anybody. | mateo: The key for two rolls booked one. Nobody did anything wrong. | nadia: I am relieved. Key corrected everywhere.
Opening day at Linden Park [PUBLIC, HIGH, IN_PROGRESS] | Bread for the first hundred, and the mayor at ten. | quinn: Invitations are out, 60 have said yes. | nadia: I need two more people at the counter until noon.
Renew the hygiene training [HIGH] | 96 people, 20 minutes each, with a test.
Ramp at Mill Street | 6 % slope fits if the first step goes. Ask the landlord.
Bicycle stands in front of four branches [LOW] | The city pays half if we apply before autumn.
Emergency plan for a day without power | What can be sold by hand, how the cash is counted, who calls whom.
Look for the next site | South of the river, 90 m², school or bus stop near by.
`;

export const demoCompanies: readonly DemoCompany[] = [
  {
    name: 'Fernholt Engineering',
    members:
      'ada ADMIN, gustav ADMIN, clara SUPERVISOR, ben, deniz, emil, farah, lena, hana LICENSED, ivo EXTERNAL, piet EXTERNAL',
    workspaces: 'Client projects ON_REQUEST, Service ANYONE',
    projects: [bridge, hall, desk, bim, safe],
  },
  {
    name: 'Tillermann Bakeries',
    members: 'kaja ADMIN, mateo SUPERVISOR, nadia, olaf, piet, quinn, rosa, sam LICENSED, tove EXTERNAL, lena EXTERNAL',
    workspaces: 'Change projects ON_REQUEST, Shops ANYONE',
    projects: [shop, plant, range, stores],
  },
];
